import { z } from 'zod';
import { PROBE_LIMITS } from '../supervision/confinement.js';
import { inputArguments, type GuardedInput } from './ffmpeg-arguments.js';
import type { FfmpegTools } from './ffmpeg-locate.js';
import { runFfmpeg } from './ffmpeg-runner.js';

/** One audio stream. */
interface SoundStream {
  /** Index among all streams of the file. */
  readonly index: number;
  /** FFmpeg's name of the codec. */
  readonly codec: string;
  readonly startSeconds: number;
}

/** Colour coding and audio of a source, which a processed copy must keep. */
export interface SourceStreams {
  /** FFmpeg's name of the colour matrix, such as `bt709`; null when the file does not declare one. */
  readonly colourMatrix: string | null;
  readonly primaries: string | null;
  readonly transfer: string | null;
  /** First timestamp of the container over all streams, in seconds. */
  readonly startSeconds: number;
  /** Audio streams that can be decoded. */
  readonly audio: readonly SoundStream[];
  /** Whether there are subtitles. */
  readonly subtitles: boolean;
  /** FFmpeg's name of the pixel format. */
  readonly pixelFormat: string | null;
  /** Which field of interlaced frames is shown first; null for progressive frames. */
  readonly firstField: 'top' | 'bottom' | null;
}

/** Whether the frames of a stream are stored as RGB. */
export const isRgb = ({ pixelFormat, colourMatrix }: SourceStreams): boolean =>
  colourMatrix === 'gbr' || /^(0?rgb|0?bgr|gbr|argb|abgr|pal8)/.test(pixelFormat ?? '');

const probed = z.object({
  streams: z.array(
    z.object({
      index: z.number(),
      start_time: z.string().optional(),
      codec_type: z.string().optional(),
      codec_name: z.string().optional(),
      color_space: z.string().optional(),
      color_primaries: z.string().optional(),
      color_transfer: z.string().optional(),
      pix_fmt: z.string().optional(),
      field_order: z.string().optional(),
      disposition: z.object({ attached_pic: z.number().optional() }).optional(),
    }),
  ),
  format: z.object({ start_time: z.string().optional() }).optional(),
});

interface StreamProbeOptions {
  readonly tools: FfmpegTools;
  readonly signal?: AbortSignal;
}

/** Runs ffprobe on a file and parses its JSON. */
async function entriesOf(
  input: GuardedInput,
  asked: readonly string[],
  { tools, signal }: StreamProbeOptions,
): Promise<string> {
  const { stdout } = await runFfmpeg({
    command: tools.ffprobePath,
    args: ['-v', 'error', ...inputArguments(input), ...asked, '-of', 'json', `file:${input.path}`],
    limits: PROBE_LIMITS,
    confinement: tools.confinement,
    wallClockMs: 60_000,
    signal,
  });
  return stdout.toString('utf8');
}

/** Reads the colour coding and audio streams of a source. */
export async function probeStreams(input: GuardedInput, options: StreamProbeOptions): Promise<SourceStreams> {
  const entries =
    'stream=index,start_time,codec_type,codec_name,color_space,color_primaries,color_transfer,pix_fmt,field_order:stream_disposition=attached_pic:format=start_time';
  const stdout = await entriesOf(input, ['-show_entries', entries], options);
  const { streams, format } = probed.parse(JSON.parse(stdout));
  const video = streams.find(
    ({ codec_type: type, disposition }) => type === 'video' && disposition?.attached_pic !== 1,
  );
  // These names are passed back to FFmpeg as options, so only plain words are accepted.
  const known = (name: string | undefined) =>
    name !== undefined && name !== 'unknown' && /^[a-z0-9_-]+$/.test(name) ? name : null;
  return {
    colourMatrix: known(video?.color_space),
    primaries: known(video?.color_primaries),
    transfer: known(video?.color_transfer),
    startSeconds: secondsOf(format?.start_time) ?? 0,
    audio: streams.flatMap(({ index, codec_type: type, codec_name: name, start_time: start }) => {
      const codec = type === 'audio' ? known(name) : null;
      return codec === null ? [] : [{ index, codec, startSeconds: secondsOf(start) ?? 0 }];
    }),
    subtitles: streams.some(({ codec_type: type }) => type === 'subtitle'),
    pixelFormat: known(video?.pix_fmt),
    firstField: await fieldOrderOf(input, video?.field_order, options),
  };
}

function secondsOf(text: string | undefined): number | undefined {
  const seconds = Number(text ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : undefined;
}

/** FFmpeg reports the field order as stored, then as displayed. */
function firstFieldOf(order: string | undefined): SourceStreams['firstField'] {
  if (order === 'tt' || order === 'bt') return 'top';
  return order === 'bb' || order === 'tb' ? 'bottom' : null;
}

const probedFrames = z.object({
  frames: z
    .array(z.object({ interlaced_frame: z.number().optional(), top_field_first: z.number().optional() }))
    .default([]),
});

/** DV, MJPEG and others declare interlacing only in their frames, so the first frame is decoded. */
async function fieldOrderOf(
  input: GuardedInput,
  order: string | undefined,
  options: StreamProbeOptions,
): Promise<SourceStreams['firstField']> {
  if (order !== undefined && order !== 'unknown') return firstFieldOf(order);
  const fields = 'frame=interlaced_frame,top_field_first';
  const asked = ['-select_streams', 'V:0', '-read_intervals', '%+#1', '-show_entries', fields];
  const [frame] = probedFrames.parse(JSON.parse(await entriesOf(input, asked, options))).frames;
  if (frame?.interlaced_frame !== 1) return null;
  return frame.top_field_first === 1 ? 'top' : 'bottom';
}
