import { fromColumns, multiply, rotate, type Mat3 } from '../vision/geometry/rotation.js';
import { cross, dot, scale, type Vec3 } from '../vision/geometry/vector.js';

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

/** White point of the connection space of ICC profiles. */
const D50: Vec3 = [0.9642, 1, 0.8249];
/** Cone responses of the Bradford transform (ICC.1:2010, annex E). */
const BRADFORD: Mat3 = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];

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
function toD50({ white, red, green, blue }: Primaries): Mat3 {
  const columns = fromColumns(xyzOf(red), xyzOf(green), xyzOf(blue));
  const light = xyzOf(white);
  // As much of each primary as gives white together.
  const matrix = multiply(columns, diagonal(rotate(inverse(columns), light)));
  const [from, to] = [rotate(BRADFORD, light), rotate(BRADFORD, D50)];
  const gains = diagonal([to[0] / from[0], to[1] / from[1], to[2] / from[2]]);
  return multiply(inverse(BRADFORD), multiply(gains, multiply(BRADFORD, matrix)));
}

const xyzOf = ([x, y]: readonly [number, number]): Vec3 => [x / y, 1, (1 - x - y) / y];

const diagonal = ([a, b, c]: Vec3): Mat3 => [a, 0, 0, 0, b, 0, 0, 0, c];

/** The columns of the inverse are the cross products of the rows, divided by the determinant. */
function inverse(m: Mat3): Mat3 {
  const [first, second, third]: Vec3[] = [
    [m[0], m[1], m[2]],
    [m[3], m[4], m[5]],
    [m[6], m[7], m[8]],
  ];
  const columns = [cross(second, third), cross(third, first), cross(first, second)] as const;
  const [x, y, z] = columns.map((column) => scale(column, 1 / dot(first, columns[0])));
  return fromColumns(x, y, z);
}

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

const xyz = (values: Vec3): Buffer => element('XYZ ', fixed(values));

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
