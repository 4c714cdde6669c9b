import { decodeImages, type FrameImage } from '../../../media/frame-image.js';
import { setUpCamera } from '../../../servoing/camera-setup.js';
import type { TaskResult } from '../../definition.js';
import { planPreview } from './preview/preview-plan.js';
import { secondsPerFrame } from './seconds-per-frame.js';
import type { PreviewFrames, ReportDrawing } from './report-drawing.js';
import { REPORT_FILES, writeReportFiles } from './report-files.js';
import type { ReportInput } from './report-input.js';
import { MAX_INLINE_FRAMES, resultJson } from './result-json.js';
import { velocitiesCsv } from './velocities-csv.js';
import { velocityPlotSvg } from './velocity-plot.js';

const isMetric = ({ params }: ReportInput): boolean => params.goalDistance !== undefined;

function plotOf(report: ReportInput): string {
  const { input, params, records, engine } = report;
  const lost = records.filter(({ status }) => status === 'lost').length;
  const weak = records.filter(({ status }) => status === 'weak').length;
  const { goalVideo, currentVideo, goalFrame } = input;
  const goal = `goal: frame ${goalFrame} of ${goalVideo.name}`;
  return velocityPlotSvg(records, {
    title: `Camera velocity — ${currentVideo.name}`,
    subtitle: `${goal} · ${params.detector}, ${params.policy} · ${records.length} frames, ${lost} lost, ${weak} weak · job ${engine.jobId}`,
    metric: isMetric(report),
  });
}

/** Decodes frames of one of the two videos in colour, at working size. */
function decode(
  { params, engine, probes }: ReportInput,
  name: 'goal' | 'current',
  indices: readonly number[],
): AsyncGenerator<FrameImage> {
  const { workingSize } = setUpCamera(probes[name], params);
  const { ffmpeg: tools, signal } = engine;
  return decodeImages({
    path: engine.mediaPaths[name],
    probe: probes[name],
    workingSize,
    tools,
    signal,
    indices,
  });
}

async function goalImage(report: ReportInput): Promise<FrameImage | null> {
  for await (const image of decode(report, 'goal', [report.input.goalFrame])) return image;
  return null;
}

function previewOf(report: ReportInput): PreviewFrames | null {
  if (!report.params.preview) return null;
  const { fps, stride } = planPreview(report.records.length, secondsPerFrame(report));
  return {
    fps,
    frames: report.preview.map((matches, shown) => ({ position: shown * stride, matches })),
  };
}

function drawingOf(report: ReportInput): ReportDrawing {
  const { engine, records, images, probes, params } = report;
  return {
    engine,
    records,
    images,
    metric: isMetric(report),
    currentSize: setUpCamera(probes.current, params).workingSize,
    preview: previewOf(report),
    goalImage: () => goalImage(report),
    currentImages: (frames) => decode(report, 'current', frames),
  };
}

/** Writes plot, CSV, images and JSON to the workspace and packs them into the ZIP. */
export async function writeReport(report: ReportInput): Promise<TaskResult> {
  const { engine, params, probes, records } = report;
  const { zipPath, media, json, figures } = await writeReportFiles({
    workspace: engine.workspace,
    plot: plotOf(report),
    csv: velocitiesCsv(records, isMetric(report)),
    drawing: drawingOf(report),
    finish: () => report.finish(),
    json: (measured) => {
      const cameras = [setUpCamera(probes.goal, params), setUpCamera(probes.current, params)] as const;
      return resultJson(report, { ...measured, cameras });
    },
  });
  const { frames, ...withoutFrames } = json;
  return {
    json: frames.length > MAX_INLINE_FRAMES ? { ...withoutFrames, framesIn: REPORT_FILES.json } : json,
    ...{ zipPath, media },
    units: { 'inference.video_frame': records.length },
    device: report.opened.device,
    network: report.opened.network,
    ...figures,
  };
}
