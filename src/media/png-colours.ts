import { greyProfile, rgbProfile, SRGB_PRIMARIES, type Primaries } from './matrix-profile.js';
import { pngWithProfile } from './png-repair.js';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_OVERHEAD = 12;
/** Stored gammas and coordinates are multiples of this. */
const UNIT = 1e-5;
/** Chunks that take precedence over gAMA and cHRM (PNG, third edition, section 4.3). */
const STRONGER: ReadonlySet<string> = new Set(['cICP', 'iCCP', 'sRGB']);
/** Exponents from 0.1 to 10; others are errors of the writer. */
const [MIN_GAMMA, MAX_GAMMA] = [0.1, 10];
/** The gamma that stands for sRGB, and the largest difference from it and from sRGB's coordinates that is none. */
const SRGB_GAMMA = 1 / 2.2;
const SAME_GAMMA = 0.005;
const SAME_PLACE = 0.002;
/** Bit of the colour type. */
const HAS_COLOUR = 2;
const CHROMATICITIES = 8;

/** What a PNG says about its colours without a profile. */
interface PngColours {
  hasColour: boolean;
  bits: number;
  stronger: boolean;
  gamma: number | null;
  /** Null for those of sRGB. */
  primaries: Primaries | null;
}

/** Name of the profile, for warnings. */
const NAME = 'of its gAMA and cHRM';

/**
 * A PNG whose colours libvips converts to sRGB: the chunk gAMA, and cHRM beside it, become an ICC profile. libvips
 * ignores them, and browsers apply them. Others are returned unchanged, among them greys of 16 bits, which sharp does
 * not convert.
 */
export function withPngColours(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const { hasColour, bits, stronger, gamma, primaries } = readColours(bytes);
  if (stronger || gamma === null) return png;
  const usual = Math.abs(gamma - SRGB_GAMMA) <= SAME_GAMMA;
  if (hasColour && !(usual && primaries === null))
    return pngWithProfile(bytes, rgbProfile(primaries ?? SRGB_PRIMARIES, 1 / gamma, NAME));
  const converts = !hasColour && !usual && bits <= 8;
  return converts ? pngWithProfile(bytes, greyProfile(1 / gamma, NAME)) : png;
}

/** Reads the chunks before the pixels. */
function readColours(bytes: Buffer): PngColours {
  const found: PngColours = { hasColour: true, bits: 8, stronger: false, gamma: null, primaries: null };
  for (let at = SIGNATURE_BYTES; at + CHUNK_OVERHEAD <= bytes.length;) {
    const type = bytes.toString('latin1', at + 4, at + 8);
    const end = at + CHUNK_OVERHEAD + bytes.readUInt32BE(at);
    if (end > bytes.length || type === 'IDAT') break;
    const data = bytes.subarray(at + 8, end - 4);
    if (STRONGER.has(type)) found.stronger = true;
    if (type === 'IHDR' && data.length > 9) {
      found.bits = data[8];
      found.hasColour = (data[9] & HAS_COLOUR) !== 0;
    }
    if (type === 'gAMA' && data.length === 4) found.gamma = gammaOf(data);
    if (type === 'cHRM' && data.length === 4 * CHROMATICITIES) found.primaries = primariesOf(data);
    at = end;
  }
  return found;
}

function gammaOf(data: Buffer): number | null {
  const gamma = data.readUInt32BE(0) * UNIT;
  return gamma < MIN_GAMMA || gamma > MAX_GAMMA ? null : gamma;
}

function primariesOf(data: Buffer): Primaries | null {
  const places = Array.from({ length: CHROMATICITIES }, (_, index) => data.readUInt32BE(4 * index) * UNIT);
  const usual = [SRGB_PRIMARIES.white, SRGB_PRIMARIES.red, SRGB_PRIMARIES.green, SRGB_PRIMARIES.blue].flat();
  if (places.every((place, index) => Math.abs(place - usual[index]) <= SAME_PLACE)) return null;
  const [xw, yw, xr, yr, xg, yg, xb, yb] = places;
  const primaries: Primaries = { white: [xw, yw], red: [xr, yr], green: [xg, yg], blue: [xb, yb] };
  return isPossible(primaries) ? primaries : null;
}

/** Area of the triangle of the primaries below which no colours can be told apart; that of sRGB is 0.11. */
const MIN_AREA = 0.01;

/** Whether the white point lies within a triangle of colours. */
function isPossible({ white, red, green, blue }: Primaries): boolean {
  const places = [white, red, green, blue];
  if (!places.every(([x, y]) => x >= 0 && y > UNIT && x + y <= 1)) return false;
  const area = (a: Place, b: Place, c: Place): number =>
    ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2;
  const whole = area(red, green, blue);
  const parts = [area(red, green, white), area(green, blue, white), area(blue, red, white)];
  return Math.abs(whole) >= MIN_AREA && parts.every((part) => part / whole > 0);
}

type Place = readonly [x: number, y: number];
