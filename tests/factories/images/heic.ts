import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { Image } from '../../../src/vision/image/image.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

/** Options of {@link heicOf}. */
export interface HeicOptions {
  /** The image is a grid of so many tiles, as in photos of telephones; one by default. */
  readonly columns?: number;
  readonly rows?: number;
  /** Turns the image by so many quarters to the left when it is shown. */
  readonly turns?: 0 | 1 | 2 | 3;
  readonly iccProfile?: Buffer;
  /** Transfer characteristics (ITU-T H.273); 13 is sRGB. */
  readonly transfer?: number;
  /** Size that the file declares for its tiles instead of the true one. */
  readonly declared?: { readonly width: number; readonly height: number };
}

/**
 * Writes an RGB image as HEIC (ISO/IEC 23008-12): losslessly coded HEVC without subsampling, in BT.601 of full range.
 * The grid must divide the size evenly.
 */
export async function heicOf(image: Image, options: HeicOptions = {}): Promise<Buffer> {
  const { columns = 1, rows = 1, turns = 0, iccProfile, transfer = 13 } = options;
  const tile = { width: image.width / columns, height: image.height / rows };
  const { config, samples } = await codeTiles(image, tile, columns, rows);
  const count = columns * rows;
  const grid = Buffer.from([0, 0, rows - 1, columns - 1, 0, 0, 0, 0]);
  grid.writeUInt16BE(image.width, 4);
  grid.writeUInt16BE(image.height, 6);
  const items = [...samples, ...(count > 1 ? [grid] : [])];
  const primary = items.length;

  const properties = [
    config,
    sizeBox(options.declared ?? tile),
    sizeBox(image),
    box('irot', Buffer.from([turns])),
    box('colr', Buffer.from('nclx', 'latin1'), u16(1, transfer, 6), Buffer.from([0x80])),
    ...(iccProfile ? [box('colr', Buffer.from('prof', 'latin1'), iccProfile)] : []),
  ];
  const shown = [4, 5, ...(iccProfile ? [6] : [])];
  const associations = items.map((_, at) => {
    const coded = at < count ? [1, 2] : [3];
    const indexes = at + 1 === primary ? [...coded, ...shown] : coded;
    return Buffer.concat([u16(at + 1), Buffer.from([indexes.length, ...indexes])]);
  });
  const entries = items.map((_, at) =>
    fullBox('infe', 2, at + 1 === primary ? 0 : 1, u16(at + 1, 0), text(at < count ? 'hvc1' : 'grid')),
  );
  const tiles = u16(primary, count, ...samples.map((_, at) => at + 1));
  const meta = (locations: Buffer) =>
    fullBox(
      'meta',
      0,
      0,
      fullBox('hdlr', 0, 0, u32(0), Buffer.from('pict', 'latin1'), Buffer.alloc(13)),
      fullBox('pitm', 0, 0, u16(primary)),
      locations,
      fullBox('iinf', 0, 0, u16(items.length), ...entries),
      ...(count > 1 ? [fullBox('iref', 0, 0, box('dimg', tiles))] : []),
      box('iprp', box('ipco', ...properties), fullBox('ipma', 0, 0, u32(items.length), ...associations)),
    );
  const locationsFrom = (start: number) => {
    let at = start;
    const list = items.map((data, index) => {
      const location = Buffer.concat([u16(index + 1, 0, 1), u32(at, data.length)]);
      at += data.length;
      return location;
    });
    return fullBox('iloc', 0, 0, Buffer.from([0x44, 0]), u16(items.length), ...list);
  };
  const type = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1'));
  const start = type.length + meta(locationsFrom(0)).length + 8;
  return Buffer.concat([type, meta(locationsFrom(start)), box('mdat', ...items)]);
}

/** The tiles as HEVC, each a picture of its own, and the decoder's configuration, from an MP4 by FFmpeg. */
async function codeTiles(
  image: Image,
  tile: { width: number; height: number },
  columns: number,
  rows: number,
): Promise<{ config: Buffer; samples: Buffer[] }> {
  const { ffmpegPath } = await ffmpegTools();
  const child = spawn(ffmpegPath, [
    ...['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${tile.width}x${tile.height}`],
    ...['-i', '-', '-vf', 'scale=out_color_matrix=bt601:out_range=full,format=yuv444p'],
    ...['-c:v', 'libx265', '-x265-params', 'lossless=1:keyint=1:pools=1:frame-threads=1:log-level=error'],
    ...['-tag:v', 'hvc1', '-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-'],
  ]);
  const [mp4, faults] = [buffer(child.stdout), buffer(child.stderr)];
  for (let index = 0; index < columns * rows; index += 1) {
    const [left, top] = [(index % columns) * tile.width, Math.floor(index / columns) * tile.height];
    for (let y = top; y < top + tile.height; y += 1) {
      const row = 3 * (y * image.width + left);
      child.stdin.write(image.data.subarray(row, row + 3 * tile.width));
    }
  }
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error((await faults).toString());
  const file = await mp4;
  const samples: Buffer[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at))
    if (file.toString('latin1', at + 4, at + 8) === 'mdat')
      samples.push(file.subarray(at + 8, at + file.readUInt32BE(at)));
  const config = file.indexOf('hvcC', 0, 'latin1') - 4;
  return { config: file.subarray(config, config + file.readUInt32BE(config)), samples };
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([u32(content.length + 8), Buffer.from(type, 'latin1'), content]);
}

const fullBox = (type: string, version: number, flags: number, ...parts: readonly Buffer[]): Buffer =>
  box(type, u32(version * 2 ** 24 + flags), ...parts);

const sizeBox = ({ width, height }: { readonly width: number; readonly height: number }): Buffer =>
  fullBox('ispe', 0, 0, u32(width, height));

const text = (content: string): Buffer => Buffer.from(`${content}\0`, 'latin1');

function u16(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, at) => bytes.writeUInt16BE(value, 2 * at));
  return bytes;
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, at) => bytes.writeUInt32BE(value, 4 * at));
  return bytes;
}
