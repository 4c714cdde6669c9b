/** HDR transfer functions by FFmpeg's names: PQ (SMPTE ST 2084) and HLG (ARIB STD-B67). */
export type HdrTransfer = 'smpte2084' | 'arib-std-b67';

/** Whether a stream's transfer function is HDR. */
export const isHdr = (transfer: string | null): transfer is HdrTransfer =>
  transfer === 'smpte2084' || transfer === 'arib-std-b67';

type Rgb = readonly [red: number, green: number, blue: number];

/** Luminance of diffuse white in HDR, cd/m2 (ITU-R BT.2408); mapped to white of the SDR image. */
const DIFFUSE_WHITE = 203;
/**
 * Peak luminance of the display for which HLG is graded, in cd/m2, and the exponent of its system gamma minus
 * one (ITU-R BT.2100).
 */
const HLG_PEAK = 1000;
const HLG_GAMMA = 0.2;
/** Light up to this value is kept; above it the curve approaches 1. */
const KNEE = 0.6;
/** Gamma of an SDR display (ITU-R BT.1886). */
const SDR_GAMMA = 2.4;

/** Luminance in cd/m2 of a PQ code value (ST 2084, equation 4.1). */
function pqLight(code: number): number {
  const [m1, m2] = [2610 / 16384, (2523 / 4096) * 128];
  const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
  const power = code ** (1 / m2);
  return 10_000 * (Math.max(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1);
}

/** Scene light, 0 to 1, of an HLG code value (BT.2100, inverse OETF). */
function hlgScene(code: number): number {
  const a = 0.17883277;
  const b = 1 - 4 * a;
  const c = 0.5 - a * Math.log(4 * a);
  return code <= 0.5 ? (code * code) / 3 : (Math.exp((code - c) / a) + b) / 12;
}

function hlgLight(code: Rgb): Rgb {
  const [r, g, b] = [hlgScene(code[0]), hlgScene(code[1]), hlgScene(code[2])];
  const luminance = 0.2627 * r + 0.678 * g + 0.0593 * b;
  const gain = HLG_PEAK * luminance ** HLG_GAMMA;
  return [gain * r, gain * g, gain * b];
}

/** Converts linear light from BT.2020 to BT.709 primaries (ITU-R BT.2087). */
function toBt709([r, g, b]: Rgb): Rgb {
  return [
    1.6605 * r - 0.5876 * g - 0.0728 * b,
    -0.1246 * r + 1.1329 * g - 0.0083 * b,
    -0.0182 * r - 0.1006 * g + 1.1187 * b,
  ];
}

/** Identity up to the knee, then an exponential shoulder with the same slope at the knee and the limit 1. */
function shoulder(light: number): number {
  if (light <= KNEE) return light;
  return KNEE + (1 - KNEE) * (1 - Math.exp((KNEE - light) / (1 - KNEE)));
}

/**
 * Maps an HDR code value to an SDR one (BT.709 primaries, gamma 2.4): display light is divided by diffuse
 * white and converted to BT.709; the shoulder is applied to the largest component and the others are scaled
 * by the same factor, which preserves the hue.
 */
function toneMapped(code: Rgb, transfer: HdrTransfer): Rgb {
  const light: Rgb =
    transfer === 'smpte2084' ? [pqLight(code[0]), pqLight(code[1]), pqLight(code[2])] : hlgLight(code);
  const linear = toBt709(light).map((value) => Math.max(0, value / DIFFUSE_WHITE));
  const most = Math.max(...linear);
  const scale = most === 0 ? 0 : shoulder(most) / most;
  const encode = (value: number) => Math.min(1, value * scale) ** (1 / SDR_GAMMA);
  return [encode(linear[0]), encode(linear[1]), encode(linear[2])];
}

const CUBE_SIDE = 33;

/** {@link toneMapped} as a lookup table in `.cube` format, for FFmpeg's filter `lut3d`. */
export function toneMapCube(transfer: HdrTransfer): string {
  const lines = [`LUT_3D_SIZE ${CUBE_SIDE}`];
  const at = (step: number) => step / (CUBE_SIDE - 1);
  for (let blue = 0; blue < CUBE_SIDE; blue += 1)
    for (let green = 0; green < CUBE_SIDE; green += 1)
      for (let red = 0; red < CUBE_SIDE; red += 1)
        lines.push(
          toneMapped([at(red), at(green), at(blue)], transfer)
            .map((value) => value.toFixed(6))
            .join(' '),
        );
  return `${lines.join('\n')}\n`;
}
