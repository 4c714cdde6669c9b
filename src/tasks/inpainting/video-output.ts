import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ColourConversion, GuardedInput } from '../../media/ffmpeg-arguments.js';
import { frameTime } from '../../media/frame-plan.js';
import type { VideoProbe } from '../../media/probe.js';
import { isHdr, toneMapCube } from '../../media/tone-map.js';
import { isRgb, type SourceStreams } from '../../media/source-streams.js';
import {
  encoderFilters,
  frameTimesScript,
  steadyRate,
  VideoEncoder,
  type ResultContainer,
} from '../../media/video-encoder.js';
import type { ItemWork } from './item-work.js';

/** How frames of a source are read, so that the result looks like it. */
export interface SourceColours {
  /** Streams as the result is tagged. */
  readonly streams: SourceStreams;
  readonly colours: ColourConversion;
  readonly warnings: readonly string[];
}

const BT709 = { colourMatrix: 'bt709', primaries: 'bt709', transfer: 'bt709' };

/** Colours of the result: HDR becomes SDR since 8 bits cannot carry it, RGB becomes BT.709, all else stays as it is. */
export async function planColours(
  work: ItemWork,
  streams: SourceStreams,
  { hasAlpha }: Pick<VideoProbe, 'hasAlpha'>,
): Promise<SourceColours> {
  const alpha = hasAlpha ? ['The transparency of the source is not kept.'] : [];
  if (isHdr(streams.transfer)) {
    const toneMapFile = path.join(work.engine.workspace, `${streams.transfer}.cube`);
    await writeFile(toneMapFile, toneMapCube(streams.transfer));
    const name = streams.transfer === 'smpte2084' ? 'PQ' : 'HLG';
    return {
      streams: { ...streams, ...BT709 },
      colours: { toneMapFile },
      warnings: [
        `The source has a high dynamic range (${name}); the result is its standard range (BT.709).`,
        ...alpha,
      ],
    };
  }
  if (isRgb(streams))
    return { streams: { ...streams, ...BT709 }, colours: { toBt709: true }, warnings: alpha };
  return { streams, colours: {}, warnings: alpha };
}

/** What {@link openVideoOutput} writes. */
export interface VideoOutput {
  readonly probe: VideoProbe;
  readonly streams: SourceStreams;
  readonly source: GuardedInput;
  readonly container: ResultContainer;
  /** Name of the file in the report's folder. */
  readonly name: string;
}

/** What a result has other than its source. */
export function warningsOfOutput(
  probe: VideoProbe,
  { subtitles }: SourceStreams,
  container: ResultContainer,
): string[] {
  const warnings: string[] = [];
  if (container === 'avi' && !probe.constantRate) {
    const { num, den } = steadyRate(secondsOf(probe));
    const rate = (num / den).toFixed(2);
    const how = `the AVI has ${rate} frames a second throughout, some shown twice or left out`;
    warnings.push(`The frame rate of the source varies; ${how}.`);
  }
  if (container === 'avi' && probe.startOffsetSeconds > 0)
    warnings.push('The picture of the source starts late; the AVI shows its first frame until then.');
  if (probe.width % 2 === 1 || probe.height % 2 === 1)
    warnings.push('An odd side got one more line of pixels: players need even ones.');
  if (subtitles) warnings.push('The subtitles of the source are not kept.');
  return warnings;
}

/** Seconds of every frame after the container's start. */
function secondsOf(probe: VideoProbe): Float64Array {
  const at = (_: unknown, index: number) => probe.startOffsetSeconds + frameTime(index, probe);
  return Float64Array.from({ length: probe.frameCount }, at);
}

/** Opens the encoder of a result with the source's size, pixel aspect, frame times and sound. */
export async function openVideoOutput(work: ItemWork, output: VideoOutput): Promise<VideoEncoder> {
  const { probe, streams, container, source, name } = output;
  const { engine } = work;
  const settings = {
    container,
    size: { width: probe.width, height: probe.height },
    fps: probe.fps,
    pixelAspect: probe.pixelAspect,
    streams,
    startSeconds: probe.startOffsetSeconds,
    signal: engine.signal,
  };
  const timesScript = path.join(engine.workspace, `${name}.times`);
  const seconds = probe.constantRate ? null : secondsOf(probe);
  if (seconds) await writeFile(timesScript, frameTimesScript(seconds, encoderFilters(settings)));
  return new VideoEncoder({
    ...settings,
    ...(seconds && { timesScript, fps: container === 'avi' ? steadyRate(seconds) : probe.fps }),
    tools: engine.ffmpeg,
    target: path.join(work.folder, name),
    source,
  });
}
