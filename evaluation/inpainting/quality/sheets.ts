import path from 'node:path';
import sharp from 'sharp';

/** One filled image of the quality run, with its files. */
export interface SheetCase {
  readonly photo: string;
  readonly mask: string;
  readonly truth: string;
  readonly hole: string;
  readonly fills: readonly { readonly method: string; readonly file: string }[];
}

/** Photos whose licences allow publication. */
const SHOWABLE = 'cc-photos/';
const SHOWN_MASKS = ['wide', 'box'];
/** Number of photos per collection for counting: the first by name, regardless of content. */
const COUNTED = 10;
const CELL = { width: 300, height: 200 };
const GAP = 4;
const SHOWN_METHODS = ['unet', 'default_inpainting'];

/** Writes the publishable part of {@link writeCountSheets} as `inpainting-wide.jpg` and `inpainting-box.jpg`. */
export async function writeSheets(cases: readonly SheetCase[], folder: string): Promise<void> {
  for (const mask of SHOWN_MASKS) {
    const shown = cases.filter((one) => one.mask === mask && one.photo.startsWith(SHOWABLE));
    await writeSheet(firstByName(shown), path.join(folder, `inpainting-${mask}.jpg`));
  }
}

/** Writes `count-<mask>-<collection>.jpg` to `folder`, for counting acceptable fills by eye. */
export async function writeCountSheets(cases: readonly SheetCase[], folder: string): Promise<void> {
  const sheets = new Map<string, SheetCase[]>();
  for (const one of cases) {
    const name = `count-${one.mask}-${path.posix.dirname(one.photo).replaceAll('/', '-')}.jpg`;
    sheets.set(name, [...(sheets.get(name) ?? []), one]);
  }
  for (const [name, group] of sheets) await writeSheet(firstByName(group), path.join(folder, name));
}

const firstByName = (cases: readonly SheetCase[]): readonly SheetCase[] =>
  [...cases].sort((a, b) => (a.photo < b.photo ? -1 : 1)).slice(0, COUNTED);

/** One photo per row: with its hole, filled by the network, filled by default, original. */
async function writeSheet(rows: readonly SheetCase[], file: string): Promise<void> {
  const layers = [];
  for (const [row, one] of rows.entries()) {
    for (const [column, input] of (await cellsOf(one)).entries()) {
      layers.push({ input, left: column * (CELL.width + GAP), top: row * (CELL.height + GAP) });
    }
  }
  const width = (SHOWN_METHODS.length + 2) * (CELL.width + GAP) - GAP;
  const height = Math.max(1, rows.length * (CELL.height + GAP) - GAP);
  await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite(layers)
    .jpeg({ quality: 84 })
    .toFile(file);
}

async function cellsOf({ truth, hole, fills }: SheetCase): Promise<Buffer[]> {
  const files = SHOWN_METHODS.map((method) => fills.find((fill) => fill.method === method)?.file);
  const [network, chosen] = await Promise.all(files.map((file) => shrinkFile(file ?? truth)));
  return [await markHole(truth, hole), network, chosen, await shrinkFile(truth)];
}

const shrinkFile = (file: string): Promise<Buffer> =>
  sharp(file).resize(CELL.width, CELL.height, { fit: 'fill' }).png().toBuffer();

/** Marks the hole of a photo in magenta. */
async function markHole(truth: string, hole: string): Promise<Buffer> {
  const { data, info } = await sharp(truth).raw().toBuffer({ resolveWithObject: true });
  const mask = await sharp(hole).greyscale().raw().toBuffer();
  for (let i = 0; i < mask.length; i++) if (mask[i] > 127) data.set([255, 0, 255], 3 * i);
  const raw = { width: info.width, height: info.height, channels: 3 as const };
  return sharp(data, { raw }).resize(CELL.width, CELL.height, { fit: 'fill' }).png().toBuffer();
}
