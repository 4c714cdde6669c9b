import { writeFile } from 'node:fs/promises';
import { locateFfmpeg } from '../../../src/media/ffmpeg-locate.js';
import { probeVideo } from '../../../src/media/probe.js';
import * as clips from '../../fixtures/media/clips.js';
import { keepingFiller } from '../../support/keeping-filler.js';
import { pngOf, rectangleMask, runInpainting } from '../../support/inpainting-run.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';

let folder: clips.ClipFolder;
beforeAll(async () => {
  folder = await clips.makeClipFolder();
});
afterAll(() => folder.remove());

/** Length of a frame; flash and beep of a result may lie so far apart at most. */
const FRAME = 0.04;
const SIZE = { width: 64, height: 48 };

/** A second of black frames, white from 0.6 to 0.64 s. */
const FLASH = `color=black:s=${SIZE.width}x${SIZE.height}:r=25:d=1,drawbox=c=white:t=fill:enable='between(n,15,15)'`;
const beepAt = (seconds: number, length: number) =>
  `aevalsrc='if(between(t,${seconds},${seconds}+0.04),sin(2*PI*1000*t),0)':s=48000:d=${length}`;
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-pix_fmt', 'yuv420p'];
const AAC = ['-c:a', 'aac'];
const KEEP = ['-fps_mode', 'passthrough', '-muxdelay', '0', '-muxpreload', '0'];

/** Input options for images and sound with the flash and the beep at the same time, delayed by so many seconds each. */
function inputs({ video = 0, audio = 0, sound = 1.5 }: { video?: number; audio?: number; sound?: number }) {
  const flash = video + 0.6;
  return [
    ...['-itsoffset', String(video), '-f', 'lavfi', '-i', FLASH],
    ...['-itsoffset', String(audio), '-f', 'lavfi', '-i', beepAt(flash - audio, sound)],
  ];
}

/** Time and value of every line that a metadata filter printed. */
function valuesOf(text: string, key: string): [time: number, value: number][] {
  const pattern = new RegExp(`pts_time:(-?[\\d.]+)\\s+${key}=(-?[\\d.]+|-?inf)`, 'g');
  return [...text.matchAll(pattern)].map(([, time, value]) => [Number(time), Number(value)]);
}

/** Seconds from the flash of a file to its beep, as a player that follows all time stamps shows them. */
async function lagOf(file: string): Promise<number> {
  const video = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const audio =
    'aresample=48000,asetnsamples=96,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.1.Peak_level:file=-';
  const read = (...args: string[]) => clips.ffmpeg('-copyts', '-i', file, ...args, '-f', 'null', '-');
  const flashes = valuesOf(await read('-map', '0:V:0', '-vf', video), 'lavfi.signalstats.YAVG');
  const beeps = valuesOf(await read('-map', '0:a:0', '-af', audio), 'lavfi.astats.1.Peak_level');
  const flash = flashes.find(([, value]) => value > 120);
  const beep = beeps.find(([, value]) => value > -20);
  if (!flash || !beep) throw new Error(`${file}: flash ${flash?.[0]}, beep ${beep?.[0]}`);
  return beep[0] - flash[0];
}

async function fill(file: string, outputFormat: 'mp4' | 'avi'): Promise<{ out: string; warnings: string[] }> {
  const { width, height, frameCount } = await probeVideo(file, {
    tools: await locateFfmpeg(),
    limits: UPLOAD_LIMITS,
  });
  const mask = `${file}-mask.png`;
  const box = { left: 4, top: 4, right: 10, bottom: 10 };
  await writeFile(mask, await pngOf(rectangleMask({ width, height }, box), { width, height }));
  const pair = { source: file, mask, width, height, video: { frames: frameCount, fps: 25 } };
  const run = await runInpainting(keepingFiller, [pair], { parameters: { temporal: false, outputFormat } });
  const out = `${file}-out.${outputFormat}`;
  await writeFile(out, await run.file(1));
  const [{ warnings }] = run.result.json.items as { warnings: string[] }[];
  return { out, warnings };
}

/** Every second frame of a run of eight is missing. */
const VARYING = ['-vf', "select='not(eq(mod(n,8),1))'"];

const CASES: Readonly<Record<string, readonly string[]>> = {
  'late-image.mp4': [...inputs({ video: 0.7 }), ...H264, ...AAC],
  'late-sound.mp4': [...inputs({ audio: 0.4 }), ...H264, ...AAC],
  'late-image-varying.mp4': [...inputs({ video: 0.7 }), ...VARYING, ...H264, ...AAC],
  'late-sound-varying.mp4': [...inputs({ audio: 0.4 }), ...VARYING, ...H264, ...AAC],
  'shifted.mkv': [...inputs({ video: 5.7, audio: 5, sound: 1.5 }), ...H264, ...AAC],
  'large-times.ts': [...inputs({ video: 0.7 }), ...H264, ...AAC, '-output_ts_offset', '90000'],
  'late-sound.ts': [...inputs({ audio: 0.4 }), ...H264, ...AAC, '-output_ts_offset', '90000'],
  'short-sound.mp4': [...inputs({ sound: 0.8 }), ...H264, ...AAC],
  'late-image.avi': [...inputs({ video: 0.7 }), '-c:v', 'mpeg4', '-c:a', 'libmp3lame'],
  'late-image.mpg': [...inputs({ video: 0.7 }), '-c:v', 'mpeg2video', '-c:a', 'mp2'],
};

async function expectSync(name: string, format: 'mp4' | 'avi'): Promise<void> {
  const file = folder.file(`${format}-${name}`);
  await clips.ffmpeg(...CASES[name], ...KEEP, file);
  const lags = [await lagOf(file), await lagOf((await fill(file, format)).out)];
  expect(lags.filter((lag) => Math.abs(lag) <= FRAME + 0.005)).toEqual(lags);
}

it.each(Object.keys(CASES))('%s: flash and beep coincide in the result', (name) => expectSync(name, 'mp4'));

it.each(['late-image.mp4', 'late-sound.ts', 'late-sound-varying.mp4'])(
  '%s: flash and beep coincide in an AVI, which has no times',
  (name) => expectSync(name, 'avi'),
);

it('keeps all streams of sound, and says what becomes of subtitles', async () => {
  const file = folder.file('many.mkv');
  await writeFile(`${file}.srt`, '1\n00:00:00,000 --> 00:00:01,000\nHello\n');
  const maps = ['-map', '0:v', '-map', '1:a', '-map', '1:a', '-map', '2:s'];
  const codecs = [...H264, '-c:a:0', 'aac', '-c:a:1', 'libopus', '-c:s', 'srt'];
  await clips.ffmpeg(...inputs({}), '-i', `${file}.srt`, ...maps, ...codecs, ...KEEP, file);
  const { out, warnings } = await fill(file, 'mp4');
  const streams = await clips.ffprobe('-show_entries', 'stream=codec_name', '-of', 'csv=p=0', out);
  expect(streams.trim().split('\n')).toEqual(['h264', 'aac', 'aac']);
  expect(warnings).toEqual(['The subtitles of the source are not kept.']);
});
