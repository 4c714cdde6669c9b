import { determinant3, multiply3, transpose3, type Matrix3 } from '../vision/geometry/two-view/matrix3.js';

/** Chromaticities (CIE 1931 x and y) of the primaries and the white point of an RGB space. */
export interface Primaries {
  readonly white: readonly [x: number, y: number];
  readonly red: readonly [x: number, y: number];
  readonly green: readonly [x: number, y: number];
  readonly blue: readonly [x: number, y: number];
}

/** Those of sRGB (IEC 61966-2-1). */
export const SRGB_PRIMARIES: Primaries = {
  white: [0.3127, 0.329],
  red: [0.64, 0.33],
  green: [0.3, 0.6],
  blue: [0.15, 0.06],
};

/** XYZ, or responses of three cones. */
type Vector = readonly [number, number, number];

/** White point of the connection space of ICC profiles. */
const D50: Vector = [0.9642, 1, 0.8249];
/** Cone responses of the Bradford transform (ICC.1:2010, annex E). */
const BRADFORD = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];

/**
 * An ICC profile of version 4 of an RGB space.
 * @param exponent of the curve from samples to light
 * @param name printable ASCII
 */
export function rgbProfile(primaries: Primaries, exponent: number, name: string): Buffer {
  const matrix = toD50(primaries);
  const column = (at: number): Buffer => xyz([matrix[at], matrix[at + 3], matrix[at + 6]]);
  const curve = curveOf(exponent);
  return profileOf('RGB ', name, [
    ['rXYZ', column(0)],
    ['gXYZ', column(1)],
    ['bXYZ', column(2)],
    ['rTRC', curve],
    ['gTRC', curve],
    ['bTRC', curve],
  ]);
}

/** The same for greys. */
export const greyProfile = (exponent: number, name: string): Buffer =>
  profileOf('GRAY', name, [['kTRC', curveOf(exponent)]]);

/** The matrix from linear RGB to the XYZ of the connection space. */
function toD50({ white, red, green, blue }: Primaries): Matrix3 {
  const [r, g, b] = [red, green, blue].map(xyzOf);
  const columns = Float64Array.of(r[0], g[0], b[0], r[1], g[1], b[1], r[2], g[2], b[2]);
  const light = xyzOf(white);
  // As much of each primary as gives white together.
  const matrix = multiply3(columns, diagonal(apply(inverse(columns), light)));
  const [from, to] = [apply(BRADFORD, light), apply(BRADFORD, D50)];
  const gains = diagonal([to[0] / from[0], to[1] / from[1], to[2] / from[2]]);
  return multiply3(inverse(BRADFORD), multiply3(gains, multiply3(BRADFORD, matrix)));
}

const xyzOf = ([x, y]: readonly [number, number]): Vector => [x / y, 1, (1 - x - y) / y];

const diagonal = ([a, b, c]: Vector): Matrix3 => Float64Array.of(a, 0, 0, 0, b, 0, 0, 0, c);

const apply = (m: ArrayLike<number>, [x, y, z]: Vector): Vector => [
  m[0] * x + m[1] * y + m[2] * z,
  m[3] * x + m[4] * y + m[5] * z,
  m[6] * x + m[7] * y + m[8] * z,
];

/** The columns of the inverse are the cross products of the rows, divided by the determinant. */
function inverse(m: ArrayLike<number>): Matrix3 {
  const row = (at: number): Vector => [m[at], m[at + 1], m[at + 2]];
  const columns = [cross(row(3), row(6)), cross(row(6), row(0)), cross(row(0), row(3))].flat();
  const scale = 1 / determinant3(m);
  return transpose3(Float64Array.from(columns, (value) => value * scale));
}

const cross = ([a, b, c]: Vector, [x, y, z]: Vector): Vector => [b * z - c * y, c * x - a * z, a * y - b * x];

const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;
const VERSION_4 = 0x04_00_00_00;

/** Numbers of 16 bits before and after the point. */
function fixed(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32BE(Math.round(value * 0x1_00_00), 4 * index));
  return bytes;
}

const element = (type: string, ...parts: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(`${type}\0\0\0\0`, 'latin1'), ...parts]);

const xyz = (values: Vector): Buffer => element('XYZ ', fixed(values));

/** A parametric curve of type 0: an exponent alone. */
const curveOf = (exponent: number): Buffer => element('para', Buffer.alloc(4), fixed([exponent]));

/** Text in one language. */
function textOf(text: string): Buffer {
  const utf16 = Buffer.from(text, 'utf16le').swap16();
  const head = Buffer.alloc(20);
  head.writeUInt32BE(1, 0);
  head.writeUInt32BE(ENTRY_BYTES, 4);
  head.write('enUS', 8, 'latin1');
  head.writeUInt32BE(utf16.length, 12);
  head.writeUInt32BE(28, 16);
  return element('mluc', head, utf16);
}

function profileOf(
  space: 'RGB ' | 'GRAY',
  name: string,
  tags: readonly (readonly [signature: string, content: Buffer])[],
): Buffer {
  const all: typeof tags = [['desc', textOf(name)], ['cprt', textOf('none')], ['wtpt', xyz(D50)], ...tags];
  const table = Buffer.alloc(4 + ENTRY_BYTES * all.length);
  table.writeUInt32BE(all.length, 0);
  let at = HEADER_BYTES + table.length;
  const contents = all.map(([signature, content], index) => {
    const padded = Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
    table.write(signature, 4 + ENTRY_BYTES * index, 'latin1');
    table.writeUInt32BE(at, 8 + ENTRY_BYTES * index);
    table.writeUInt32BE(content.length, 12 + ENTRY_BYTES * index);
    at += padded.length;
    return padded;
  });
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(VERSION_4, 8);
  header.write(`mntr${space}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  fixed(D50).copy(header, 68);
  return Buffer.concat([header, table, ...contents]);
}
