import type { ImageFormat } from '../domain/image-format.js';

/** Transfer characteristics of high dynamic range (ITU-T H.273). */
const HDR_TRANSFER: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };
/** Colour properties are stored before the pixels, within this many bytes. */
const HEADER_BYTES = 64 * 1024;

/**
 * Warning for an image of high dynamic range, detected by the colour property of AVIF or the cICP chunk of
 * PNG. Its code values are used without tone mapping.
 * @returns null for all other images
 */
export function hdrOf(bytes: Uint8Array, format: ImageFormat): string | null {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, HEADER_BYTES));
  return hdrWarning(transferOf(header, format));
}

/** @param code transfer characteristics (ITU-T H.273) */
export function hdrWarning(code: number): string | null {
  const transfer = HDR_TRANSFER[code];
  return transfer === undefined
    ? null
    : `The image has high dynamic range (${transfer}), which is not tone-mapped: its colours look pale.`;
}

function transferOf(header: Buffer, format: ImageFormat): number {
  if (format === 'avif') {
    const at = header.indexOf('colrnclx', 0, 'latin1');
    return at >= 0 && at + 12 <= header.length ? header.readUInt16BE(at + 10) : 0;
  }
  const at = format === 'png' ? header.indexOf('cICP', 0, 'latin1') : -1;
  return at >= 0 ? (header[at + 5] ?? 0) : 0;
}
