import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { locateFfmpeg, type FfmpegTools } from '../../../src/media/ffmpeg-locate.js';
import { probeVideo, type VideoProbe } from '../../../src/media/probe.js';
import * as clips from '../../factories/videos/clips.js';

const LIMITS = { maxPixels: 4096 * 4096, maxFrames: 1000 };
let folder: clips.ClipFolder;
let tools: FfmpegTools;

beforeAll(async () => {
  folder = await clips.makeClipFolder();
  tools = await locateFfmpeg();
});
afterAll(() => folder.remove());

function probe(path: string, limits = LIMITS): Promise<VideoProbe> {
  return probeVideo(path, { tools, limits });
}

describe('good videos', () => {
  it.each([
    ['mp4', 'a.mp4', clips.H264_B_FRAMES, 'h264'],
    ['mp4', 'a.mov', ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'], 'mjpeg'],
    ['avi', 'a.avi', ['-c:v', 'mpeg4'], 'mpeg4'],
    [
      'mkv',
      'a.mkv',
      ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:pools=1'],
      'hevc',
    ],
    ['webm', 'a.webm', ['-c:v', 'libvpx', '-deadline', 'realtime'], 'vp8'],
  ])('%s: %s', async (container, file, encoder, codec) => {
    const path = folder.file(file);
    await clips.ffmpeg(...clips.texturedFrames(30), ...encoder, path);
    expect(await probe(path)).toMatchObject({
      ...{ container, codec, width: 160, height: 120, rotation: 0, frameCount: 30 },
      ...{ fps: { num: 25, den: 1 }, durationSeconds: 1.2, constantRate: true },
    });
  });

  it('knows a fractional rate exactly', async () => {
    const path = folder.file('ntsc.mkv');
    await clips.ffmpeg(
      ...clips.texturedFrames(40),
      '-vf',
      'setpts=N*1001/30000/TB',
      '-r',
      '30000/1001',
      ...clips.H264_B_FRAMES,
      path,
    );
    expect(await probe(path)).toMatchObject({
      fps: { num: 30000, den: 1001 },
      constantRate: true,
      frameCount: 40,
    });
  });

  it('tells a variable rate and the times of its frames', async () => {
    const path = folder.file('vfr.mp4');
    await clips.ffmpeg(...clips.numberedFrames(30), ...clips.VARIABLE_RATE, ...clips.H264_B_FRAMES, path);
    const found = await probe(path);
    expect(found.constantRate).toBe(false);
    const times = Array.from(found.presentationTimes ?? []);
    expect(times).toHaveLength(30);
    times.forEach((time, n) => expect(time).toBeCloseTo(clips.variableTime(n), 4));
  });

  it('reads the first video stream of a file with sound, subtitles and text behind its end', async () => {
    const path = folder.file('tail.mp4');
    const subtitles = folder.file('s.srt');
    await writeFile(subtitles, '1\n00:00:00,000 --> 00:00:01,000\nhello\n');
    const inputs = [...clips.texturedFrames(25), '-f', 'lavfi', '-i', 'sine=d=1', '-i', subtitles];
    await clips.ffmpeg(
      ...inputs,
      ...['-map', '1', '-map', '2', '-map', '0', '-c:s', 'mov_text'],
      ...clips.H264_B_FRAMES,
      path,
    );
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('<script>alert(1)</script>')]));
    expect(await probe(path)).toMatchObject({ codec: 'h264', frameCount: 25 });
  });

  it('counts 300 packets in an AVI whose headers say 1', async () => {
    const path = folder.file('lie.avi');
    await clips.ffmpeg(...clips.texturedFrames(300), '-c:v', 'mpeg4', path);
    const bytes = await readFile(path);
    bytes.writeUInt32LE(1, bytes.indexOf('avih') + 8 + 16); // dwTotalFrames
    bytes.writeUInt32LE(1, bytes.indexOf('strh') + 8 + 32); // dwLength
    await writeFile(path, bytes);
    expect(await probe(path)).toMatchObject({ container: 'avi', frameCount: 300, durationSeconds: 12 });
  });
});

describe('files that are not what they are named', () => {
  it.each([
    [
      'an HLS playlist',
      'hls.mp4',
      (victim: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n${victim}\n#EXT-X-ENDLIST\n`,
    ],
    ['an FFmpeg concat list', 'concat.avi', (victim: string) => `ffconcat version 1.0\nfile '${victim}'\n`],
    ['plain text', 'text.mp4', () => 'v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n'],
    ['markup', 'dash.mp4', () => '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>'],
  ])('%s is refused before any child starts', async (found, name, text) => {
    const path = folder.file(name);
    await writeFile(path, text(folder.file('a.mp4')));
    // Programs that do not exist: had one been started, the error would be another.
    const nothing = { ...tools, ffmpegPath: '/nonexistent/ffmpeg', ffprobePath: '/nonexistent/ffprobe' };
    const refusal = probeVideo(path, { tools: nothing, limits: LIMITS });
    await expect(refusal).rejects.toMatchObject({ code: 'UNSUPPORTED_TYPE', kind: 'unsupported_type' });
    await expect(refusal).rejects.toThrow(/supported here: mp4, mov, 3gp, avi, mkv, webm, ts, mpg/);
    if (found !== 'markup') await expect(refusal).rejects.toThrow(found);
  });

  it('an empty file', async () => {
    await writeFile(folder.file('empty.mp4'), '');
    await expect(probe(folder.file('empty.mp4'))).rejects.toMatchObject({
      code: 'EMPTY_FILE',
      kind: 'invalid',
    });
  });

  it('sound alone, with and without a cover image', async () => {
    const plain = folder.file('sound.mp4');
    await clips.ffmpeg('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac', plain);
    await expect(probe(plain)).rejects.toMatchObject({ code: 'NO_VIDEO_STREAM', kind: 'invalid' });
    const cover = folder.file('cover.mp4');
    const image = ['-f', 'lavfi', '-i', 'color=red:s=32x32:d=0.04'];
    const mapping = [
      '-map',
      '0',
      '-map',
      '1',
      '-c:v',
      'png',
      '-frames:v',
      '1',
      '-disposition:v:0',
      'attached_pic',
    ];
    await clips.ffmpeg('-i', plain, ...image, ...mapping, cover);
    await expect(probe(cover)).rejects.toMatchObject({ code: 'NO_VIDEO_STREAM' });
  });

  it('a codec that nobody knows', async () => {
    const path = folder.file('zzzz.mp4');
    await clips.ffmpeg(...clips.texturedFrames(10), ...clips.H264_B_FRAMES, path);
    const bytes = await readFile(path);
    bytes.write('zzzz', bytes.indexOf('avc1', bytes.indexOf('stsd')), 'latin1');
    await writeFile(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({ code: 'UNSUPPORTED_CODEC', kind: 'invalid' });
    await expect(probe(path)).rejects.toThrow("'zzzz'");
  });
});

describe('cut-off files', () => {
  const encoders: readonly (readonly [string, readonly string[]])[] = [
    ['cut.mp4', clips.H264_B_FRAMES],
    ['fast.mp4', [...clips.H264_B_FRAMES, '-movflags', '+faststart']],
    ['frag.mp4', [...clips.H264_B_FRAMES, '-movflags', '+frag_keyframe+empty_moov']],
    ['cut.avi', ['-c:v', 'mpeg4']],
    ['cut.mkv', clips.H264_B_FRAMES],
    ['live.mkv', [...clips.H264_B_FRAMES, '-live', '1', '-cluster_time_limit', '400']],
    ['cut.webm', ['-c:v', 'libvpx', '-deadline', 'realtime']],
  ];
  describe.each(encoders)('%s', (file, encoder) => {
    let whole: string;
    beforeAll(async () => {
      whole = folder.file(file);
      await clips.ffmpeg(...clips.texturedFrames(50), ...encoder, whole);
    });

    it('is fine as a whole', async () => expect((await probe(whole)).frameCount).toBe(50));

    it.each([0.999, 0.9, 0.5, 0.1])('is refused when only %f of it is there', async (share) => {
      const path = folder.file(`part-${file}`);
      await copyFile(whole, path);
      await truncate(path, Math.floor((await readFile(whole)).length * share));
      await expect(probe(path)).rejects.toMatchObject({ code: 'VIDEO_CORRUPT', kind: 'invalid' });
    });
  });

  it('is refused when its samples were never written (zeros instead of the data)', async () => {
    const path = folder.file('zeros.mp4');
    await clips.ffmpeg(...clips.texturedFrames(20), ...clips.H264_B_FRAMES, '-movflags', '+faststart', path);
    const bytes = await readFile(path);
    bytes.fill(0, bytes.indexOf('mdat') + 4);
    await writeFile(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({ code: 'VIDEO_CORRUPT' });
  });

  it('tells which part is short by how much, and no file name', async () => {
    const path = folder.file('part-fast.mp4');
    const error: unknown = await probe(path).catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/cut off: its '\w{4}' box should have \d+ bytes, only \d+ are there/);
    expect(JSON.stringify(error)).not.toContain(folder.path);
  });
});

describe('limits', () => {
  it('refuses an image of 8192x8192 pixels with VIDEO_TOO_LARGE, whether its header admits it or not', async () => {
    const path = folder.file('bomb.mp4');
    await clips.ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=black:s=8192x8192:r=1:d=1',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      path,
    );
    await expect(probe(path)).rejects.toMatchObject({ code: 'VIDEO_TOO_LARGE', kind: 'too_large' });
    const bytes = await readFile(path);
    const size = bytes.indexOf('avc1', bytes.indexOf('stsd')) + 28;
    expect(bytes.readUInt16BE(size)).toBe(8192);
    bytes.writeUInt16BE(64, size);
    bytes.writeUInt16BE(64, size + 2);
    await writeFile(path, bytes);
    await expect(probe(path)).rejects.toMatchObject({ code: 'VIDEO_TOO_LARGE', kind: 'too_large' });
  });

  it('refuses the frame after the last one allowed', async () => {
    const path = folder.file('many.mp4');
    await clips.ffmpeg(...clips.texturedFrames(60), ...clips.H264_B_FRAMES, path);
    expect((await probe(path, { ...LIMITS, maxFrames: 60 })).frameCount).toBe(60);
    const refusal = probe(path, { ...LIMITS, maxFrames: 59 });
    await expect(refusal).rejects.toMatchObject({
      code: 'TOO_MANY_FRAMES',
      kind: 'too_large',
      details: { maxFrames: 59 },
    });
  });

  it('gives up within the wall-clock limit and by the abort signal', async () => {
    const path = folder.file('many.mp4');
    await expect(probeVideo(path, { tools, limits: LIMITS, wallClockMs: 1 })).rejects.toMatchObject({
      code: 'MEDIA_TIMEOUT',
      kind: 'timeout',
    });
    const signal = AbortSignal.abort(new Error('client went away'));
    await expect(probeVideo(path, { tools, limits: LIMITS, signal })).rejects.toThrow('client went away');
  });
});
