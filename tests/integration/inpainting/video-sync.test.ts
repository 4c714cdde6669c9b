import { readFile, writeFile } from 'node:fs/promises';
import { probeVideo } from '../../../src/media/probe.js';
import * as clips from '../../factories/videos/clips.js';
import { keepingFiller } from '../../support/keeping-filler.js';
import { pngOf, rectangleMask, runInpainting } from '../../support/inpainting-run.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

let folder: clips.ClipFolder;
describe('video sync', () => {
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
  /** Two frames a second, the third one white. */
  const SLOW_FLASH = `color=black:s=${SIZE.width}x${SIZE.height}:r=2:d=3,drawbox=c=white:t=fill:enable='between(n,2,2)'`;
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
  async function lagOf(file: string, after = -Infinity): Promise<number> {
    const video = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
    const audio =
      'aresample=48000,asetnsamples=96,astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.1.Peak_level:file=';
    const levels = `${file}.levels`;
    const both = ['-map', '0:V:0', '-vf', video, '-map', '0:a:0', '-af', `${audio}${levels}`];
    const brightness = await clips.ffmpeg('-copyts', '-i', file, ...both, '-f', 'null', '-');
    const flashes = valuesOf(brightness, 'lavfi.signalstats.YAVG');
    const beeps = valuesOf(await readFile(levels, 'utf8'), 'lavfi.astats.1.Peak_level');
    const flash = flashes.find(([time, value]) => time > after && value > 120);
    const beep = beeps.find(([time, value]) => time > after && value > -20);
    if (!flash || !beep) throw new Error(`${file}: flash ${flash?.[0]}, beep ${beep?.[0]}`);
    return beep[0] - flash[0];
  }

  async function fill(
    file: string,
    outputFormat: 'mp4' | 'avi',
  ): Promise<{ out: string; warnings: string[] }> {
    const { width, height, frameCount } = await probeVideo(file, {
      tools: await ffmpegTools(),
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
    'slow-late-image.mkv': [
      ...['-itsoffset', '0.3', '-f', 'lavfi', '-i', `${SLOW_FLASH},settb=1/1000`],
      ...['-f', 'lavfi', '-i', beepAt(1.3, 2)],
      ...['-enc_time_base', '1:1000', ...H264, ...AAC],
    ],
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

  it.each([
    ['begins an hour later', 3600],
    ['begins again', 0],
  ])('sound and images of a part whose clock %s follow the part before', async (_, seconds) => {
    const parts = [folder.file('part-1.ts'), folder.file('part-2.ts')];
    for (const [index, part] of parts.entries()) {
      const start = ['-output_ts_offset', String(index * seconds + 10)];
      await clips.ffmpeg(...inputs({ sound: 1 }), ...H264, ...AAC, ...KEEP, ...start, part);
    }
    const file = folder.file('joined.ts');
    await writeFile(file, Buffer.concat(await Promise.all(parts.map((part) => readFile(part)))));

    const { out } = await fill(file, 'mp4');

    const entries = ['-count_frames', '-show_entries', 'stream=nb_read_frames'];
    const counts = await clips.ffprobe('-select_streams', 'V:0', ...entries, '-of', 'csv=p=0', out);
    const lags = [await lagOf(out), await lagOf(out, 1)];
    expect([parseInt(counts), ...lags.filter((lag) => Math.abs(lag) <= 2 * FRAME)]).toEqual([50, ...lags]);
    const length = await clips.ffprobe('-show_entries', 'format=duration', '-of', 'csv=p=0', out);
    expect(Math.abs(Number(length) - 2)).toBeLessThanOrEqual(2 * FRAME);
  });

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
});
