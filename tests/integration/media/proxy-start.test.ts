import { mkdir } from 'node:fs/promises';
import { openVideo } from '../../../src/media/previews/preview-source.js';
import { makeProxy } from '../../../src/media/previews/proxy.js';
import * as clips from '../../factories/videos/clips.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

const FRAMES = 25;
/** Of one frame and of the sound's first block. */
const MAX_START = 0.05;
const IMAGES = ['-f', 'lavfi', '-i', `testsrc2=s=96x64:r=25:d=${FRAMES / 25}`];
const SOUND = ['-f', 'lavfi', '-i', 'sine=d=3'];
const CODECS = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

let folder: clips.ClipFolder;

beforeAll(async () => {
  folder = await clips.makeClipFolder();
});
afterAll(() => folder.remove());

describe('the playable copy of a recording that begins with sound alone', () => {
  it.each(['mp4', 'ts', 'mkv'])(
    'begins with its first frame, all frames and the sound after it: %s',
    async (ending) => {
      const path = folder.file(`late.${ending}`);
      await clips.ffmpeg(
        '-itsoffset',
        '1.2',
        ...IMAGES,
        ...SOUND,
        ...CODECS,
        '-fps_mode',
        'passthrough',
        path,
      );
      const made = folder.file(`made-${ending}`);
      await mkdir(made);
      const video = await openVideo({ path, video: null, tools: await ffmpegTools(), folder: made });
      const { files } = await makeProxy(video, made, { encoder: 'h264', threads: 1, wallClockMs: 60_000 });
      const entries = ['-count_frames', '-show_entries', 'stream=start_time,duration,nb_read_frames'];
      const lines = (await clips.ffprobe(...entries, '-of', 'csv=p=0', files[0].path)).trim().split('\n');
      const [images, sound] = lines.map((line) => line.split(',').map(Number));
      expect(images[2]).toBe(FRAMES);
      expect(images[0]).toBeLessThan(MAX_START);
      expect(sound[0]).toBeLessThan(MAX_START);
      // 3 seconds of which 1.2 come before the first frame.
      expect(Math.abs(sound[1] - 1.8)).toBeLessThan(MAX_START);
    },
  );
});
