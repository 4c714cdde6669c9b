/**
 * `npm run eval:previews -- [--out FILE]`: makes clips of the kinds that previews easily get wrong (a portrait clip that is
 * stored turned, a variable frame rate, HDR in PQ and in HLG, two frames), uploads them to a server of its own and puts
 * poster, thumbnail and filmstrip of each on one page. Exits 1 when a preview is missing or has another aspect than its clip.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import sharp, { type OverlayOptions } from 'sharp';
import { z } from 'zod';
import { ApiClient } from '../../scripts/demo/api-client.js';
import * as clips from '../../tests/factories/videos/clips.js';
import { startSoakStack } from '../../tests/soak/soak-stack.js';

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: path.join('reports', 'previews.jpg') } },
});
const CELL = { width: 250, height: 200, gap: 10, caption: 26 };
const MAX_STRIP = 3;
const WAIT_SECONDS = 120;
const MAX_ASPECT_ERROR = 0.03;

const picture = (size: string, frames: number) => [
  ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25`, '-frames:v', String(frames)],
];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

/** RGB is taken as code values of the transfer function, in BT.2020. */
const hdr = (transfer: string) => [
  ...['-vf', 'scale=out_color_matrix=bt2020:out_range=tv,format=yuv420p10le'],
  ...['-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1', '-x265-params'],
  `log-level=none:pools=1:range=limited:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc`,
  ...['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc', '-color_range', 'tv'],
];

interface Kind {
  readonly name: string;
  readonly aspect: number;
  make(file: string, folder: clips.ClipFolder): Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  {
    name: 'portrait',
    aspect: 180 / 320,
    make: async (file, folder) => {
      const upright = folder.file('upright.mp4');
      await clips.ffmpeg(...picture('180x320', 120), '-vf', 'transpose=clock', ...H264, upright);
      await clips.ffmpeg('-i', upright, '-c', 'copy', '-metadata:s:v', 'rotate=90', file);
    },
  },
  {
    name: 'variable rate',
    aspect: 320 / 240,
    make: (file) => clips.ffmpeg(...picture('320x240', 250), ...clips.VARIABLE_RATE, ...H264, file),
  },
  {
    name: 'HDR PQ',
    aspect: 320 / 240,
    make: (file) => clips.ffmpeg(...picture('320x240', 30), ...hdr('smpte2084'), file),
  },
  {
    name: 'HDR HLG',
    aspect: 320 / 240,
    make: (file) => clips.ffmpeg(...picture('320x240', 30), ...hdr('arib-std-b67'), file),
  },
  {
    name: 'two frames',
    aspect: 320 / 240,
    make: (file) => clips.ffmpeg(...picture('320x240', 2), ...H264, file),
  },
];

const listed = z.object({ media: z.array(z.object({ id: z.string() })) });
const shown = z.object({ previews: z.record(z.string(), z.object({ status: z.string() })) });
const strip = z.object({ frames: z.array(z.object({ index: z.number() })) });

async function previewsReady(client: ApiClient, id: string): Promise<void> {
  for (let second = 0; second < WAIT_SECONDS; second += 1) {
    const { previews } = shown.parse(await client.get(`/api/media/${id}`));
    const states = ['thumbnail', 'poster', 'filmstrip'].map((kind) => previews[kind].status);
    if (states.includes('failed')) throw new Error(`a preview failed: ${JSON.stringify(previews)}`);
    if (states.every((state) => state === 'ready')) return;
    await delay(1000);
  }
  throw new Error('the previews were not made in time');
}

/** Cells of one clip, and whether all have its aspect. */
async function rowOf(
  client: ApiClient,
  { name, aspect, make }: Kind,
  folder: clips.ClipFolder,
): Promise<{ files: string[]; ok: boolean; frames: number }> {
  const file = folder.file(`${name.replace(' ', '-')}.mp4`);
  await make(file, folder);
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name, tags: [] });
  await client.uploadVideo(dataset.id, file, name);
  const [{ id }] = listed.parse(await client.get(`/api/dataset/${dataset.id}/media`)).media;
  await previewsReady(client, id);
  const { frames } = strip.parse(await client.get(`/api/media/${id}/filmstrip`));
  const numbers = frames.slice(0, MAX_STRIP).map((_frame, index) => `filmstrip/${index}`);
  const files: string[] = [];
  let ok = true;
  for (const route of ['poster', 'thumbnail?width=320&format=webp', ...numbers]) {
    const target = folder.file(`${name}-${files.length}`.replace(' ', '-'));
    await client.download(`/api/media/${id}/${route}`, target);
    const { width, height } = await sharp(target).metadata();
    ok &&= Math.abs(width / height / aspect - 1) < MAX_ASPECT_ERROR;
    files.push(target);
  }
  return { files, ok, frames: frames.length };
}

const textCell = (text: string): Promise<Buffer> =>
  sharp({ text: { text, rgba: true, dpi: 110 } })
    .png()
    .toBuffer();

async function sheet(rows: readonly { name: string; files: readonly string[] }[]): Promise<void> {
  const [columns, step] = [2 + MAX_STRIP, CELL.height + CELL.caption + CELL.gap];
  const cells: OverlayOptions[] = [];
  for (const [row, { name, files }] of rows.entries()) {
    const top = row * step + CELL.gap;
    cells.push({ input: await textCell(name), left: CELL.gap, top });
    for (const [column, file] of files.entries()) {
      const box = { width: CELL.width, height: CELL.height, fit: 'inside' as const };
      const left = CELL.gap + column * (CELL.width + CELL.gap);
      cells.push({ input: await sharp(file).resize(box).png().toBuffer(), left, top: top + CELL.caption });
    }
  }
  const width = CELL.gap + columns * (CELL.width + CELL.gap);
  const background = { r: 255, g: 255, b: 255 };
  await mkdir(path.dirname(path.resolve(flags.out)), { recursive: true });
  await sharp({ create: { width, height: rows.length * step + CELL.gap, channels: 3, background } })
    .composite(cells)
    .jpeg({ quality: 90 })
    .toFile(flags.out);
}

const { stack, end } = await startSoakStack('infernode-previews-', {
  PREVIEWS: 'thumbnail,poster,filmstrip',
});
const folder = await clips.makeClipFolder();
try {
  const client = new ApiClient(stack.url);
  await client.signUp('previews@example.com', 'a good password');
  const rows: { name: string; files: string[]; ok: boolean; frames: number }[] = [];
  for (const kind of KINDS) rows.push({ name: kind.name, ...(await rowOf(client, kind, folder)) });
  await sheet(rows);
  console.table(rows.map(({ name, ok, frames }) => ({ name, filmstrip: frames, 'aspect kept': ok })));
  console.log(`poster, thumbnail and filmstrip: ${flags.out}`);
  process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;
} finally {
  await folder.remove();
  await end();
}
