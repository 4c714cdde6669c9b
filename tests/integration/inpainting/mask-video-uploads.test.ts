import { readFile } from 'node:fs/promises';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import * as clips from '../../factories/videos/clips.js';
import { gradient, pngOf } from '../../support/inpainting-run.js';

let api: TestApi;
let folder: clips.ClipFolder;
let client: ApiClient;
let clip: Buffer;
describe('mask video uploads', () => {
  beforeAll(async () => {
    [api, folder] = await Promise.all([startTestApi(), clips.makeClipFolder()]);
    ({ client } = await api.user('filmer'));
    await client.post('/api/datasets', { name: 'Pairs' });
    clip = await film('clip.mp4', 'mandelbrot=s=64x48:r=25');
  });
  afterAll(async () => {
    await api.close();
    await folder.remove();
  });

  const BOX = 'drawbox=x=10:y=10:w=8:h=8:t=fill';
  const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '8', '-pix_fmt', 'yuv420p'];

  async function film(name: string, source: string, filter = 'null', codec = H264): Promise<Buffer> {
    const path = folder.file(name);
    await clips.ffmpeg('-f', 'lavfi', '-i', source, '-vf', filter, '-frames:v', '12', ...codec, path);
    return readFile(path);
  }

  function upload(image: Buffer, mask: Buffer, ending = 'mp4', query = ''): Promise<ApiResponse> {
    const body = new FormData();
    body.append('datasetName', 'Pairs');
    body.append('image', new Blob([new Uint8Array(image)]), 'clip.mp4');
    body.append('mask', new Blob([new Uint8Array(mask)]), `mask.${ending}`);
    return client.call('POST', `/api/datasets/data${query}`, { body });
  }

  const balance = async () => (await client.get('/api/users/tokens')).at('data.balance');

  it.each<[string, string, () => Promise<Buffer>]>([
    ['black throughout', 'MASK_EMPTY', () => film('black.mp4', 'color=black:s=64x48:r=25')],
    ['white throughout', 'MASK_ALL_HOLE', () => film('white.mp4', 'color=white:s=64x48:r=25')],
    ['the clip itself', 'MASK_EMPTY', () => Promise.resolve(clip)],
    [
      'another clip',
      'MASK_UNCLEAR',
      () => film('other.mp4', 'color=gray:s=64x48:r=25', 'noise=alls=60:allf=t'),
    ],
  ])('a mask video that is %s is refused with %s and costs nothing', async (_what, code, make) => {
    const before = await balance();
    const answer = await upload(clip, await make());
    expect([answer.status, answer.at('code'), await balance()]).toEqual([422, code, before]);
  });

  it('says in a quote of the files what the upload says', async () => {
    const mask = await film('red.mp4', 'color=black:s=64x48:r=25', `${BOX}:c=red`);
    const quoted = await upload(clip, mask, 'mp4', '?dryRun=true');
    const stored = await upload(clip, mask);
    const reports = stored.at('files') as { id?: string; maskReading?: string; holeShare?: number }[];
    expect(reports[1].maskReading).toBe('colour');
    // 8 x 8 of 64 x 48 pixels, and less than two around them.
    expect(Math.abs((reports[1].holeShare ?? 0) - 64 / 3072)).toBeLessThan(100 / 3072);
    expect(quoted.at('files')).toEqual(reports.map(({ id: _id, ...report }) => report));
    expect(quoted.at('warnings')).toEqual(stored.at('warnings'));
  });

  it('compares an image with the frame that it was taken from', async () => {
    const [frame, painted] = [folder.file('frame.png'), folder.file('painted.png')];
    await clips.ffmpeg('-i', folder.file('clip.mp4'), '-vf', "select='eq(n,7)'", '-frames:v', '1', frame);
    await clips.ffmpeg('-i', frame, '-vf', `${BOX}:c=red`, painted);
    const answer = await upload(clip, await readFile(painted), 'png');
    expect(answer.at('files.1')).toMatchObject({ maskReading: 'difference', holeShare: 64 / 3072 });
    expect((await upload(clip, await readFile(frame), 'png')).at('code')).toBe('MASK_EMPTY');
  });

  it('says that transparency and further video streams are left out', async () => {
    const alpha = ['-c:v', 'libvpx-vp9', '-pix_fmt', 'yuva420p', '-deadline', 'realtime', '-cpu-used', '8'];
    const source = await film('alpha.webm', 'mandelbrot=s=64x48:r=25', 'format=yuva420p', alpha);
    const maps = ['-map', '0:v', '-map', '0:v', '-c', 'copy'];
    await clips.ffmpeg('-i', folder.file('clip.mp4'), ...maps, folder.file('two.mp4'));
    const mask = await pngOf(
      gradient(64, 48).map((value, at) => (at < 300 ? 255 : value * 0)),
      { width: 64, height: 48 },
    );
    const warningsOf = async (file: Buffer) => (await upload(file, mask, 'png')).at('warnings');
    expect(await warningsOf(source)).toEqual(['clip.mp4: The video has transparency, which is left out.']);
    expect(await warningsOf(await readFile(folder.file('two.mp4')))).toEqual([
      'clip.mp4: The file has 2 video streams; the first one is used.',
    ]);
  });
});
