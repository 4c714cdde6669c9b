import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderSvg } from '../../../media/image-codec.js';
import { writeZip } from '../../../media/zip-writer.js';
import { makeFolder } from '../../../storage/folders.js';
import type { TaskResult } from '../../definition.js';
import { setUpCamera } from '../../../servoing/camera-setup.js';
import type { ReportInput } from './report-input.js';
import { MAX_INLINE_FRAMES, resultJson } from './result-json.js';
import { velocitiesCsv } from './velocities-csv.js';
import { velocityPlotSvg } from './velocity-plot.js';
import { writeImages } from './write-images.js';

/** Names inside the ZIP. */
const NAMES = {
  json: 'result.json',
  csv: 'velocities.csv',
  svg: 'velocity.svg',
  png: 'velocity.png',
} as const;

function plotOf({ input, params, records, engine }: ReportInput): string {
  const lost = records.filter(({ status }) => status === 'lost').length;
  const weak = records.filter(({ status }) => status === 'weak').length;
  const { goalVideo, currentVideo, goalFrame } = input;
  const goal = `goal: frame ${goalFrame} of ${goalVideo.name}`;
  return velocityPlotSvg(records, {
    title: `Camera velocity — ${currentVideo.name}`,
    subtitle: `${goal} · ${params.detector}, ${params.policy} · ${records.length} frames, ${lost} lost, ${weak} weak · job ${engine.jobId}`,
    metric: params.goalDistance !== undefined,
  });
}

/** Writes plot, CSV, images and JSON to the workspace and packs them into the ZIP. */
export async function writeReport(report: ReportInput): Promise<TaskResult> {
  const { engine, params, probes, records } = report;
  const folder = path.join(engine.workspace, 'report');
  await makeFolder(folder);
  const file = (name: string) => path.join(folder, name);
  const svg = plotOf(report);
  await writeFile(file(NAMES.svg), svg);
  await writeFile(file(NAMES.png), await renderSvg(svg));
  await writeFile(file(NAMES.csv), velocitiesCsv(records, params.goalDistance !== undefined));
  const images = await writeImages(report, folder);
  const figures = report.finish();
  const cameras = [setUpCamera(probes.goal, params), setUpCamera(probes.current, params)] as const;
  const json = resultJson(report, { ...figures, cameras });
  await writeFile(file(NAMES.json), JSON.stringify(json, null, 1));
  const zipPath = path.join(engine.workspace, 'result.zip');
  const names = [...Object.values(NAMES), ...images];
  await writeZip(
    zipPath,
    names.map((name) => ({ name, path: file(name) })),
  );
  const { frames, ...withoutFrames } = json;
  return {
    json: frames.length > MAX_INLINE_FRAMES ? { ...withoutFrames, framesIn: NAMES.json } : json,
    zipPath,
    units: { 'inference.video_frame': records.length },
    device: report.opened.device,
    network: report.opened.network,
    ...figures,
  };
}
