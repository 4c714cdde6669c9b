import { IMAGE_FORMATS, type ImageFormat } from '../domain/image-format.js';

/** Image formats that are recognised for error messages but not supported. */
export type ForeignImage = keyof typeof FOREIGN_NAMES;

const CONVERT = 'convert it to JPEG or PNG';
const DEVELOP = 'develop it and export it as JPEG, PNG or 16-bit TIFF';
const DRAW = 'export it as PNG';

/** Names of unsupported formats, and how to convert them. */
const FOREIGN_NAMES = {
  bmp: ['a BMP image', CONVERT],
  jxl: ['a JPEG XL image', CONVERT],
  jxr: ['a JPEG XR image', CONVERT],
  jp2: ['a JPEG 2000 image', CONVERT],
  psd: ['a Photoshop file', CONVERT],
  xcf: ['a GIMP file', CONVERT],
  ico: ['an icon file', CONVERT],
  cur: ['a cursor file', CONVERT],
  tga: ['a TGA image', CONVERT],
  pcx: ['a PCX image', CONVERT],
  dds: ['a DDS texture', CONVERT],
  pnm: ['a PNM image (PBM, PGM or PPM)', CONVERT],
  qoi: ['a QOI image', CONVERT],
  hdr: ['a Radiance HDR image', `tone-map it and ${CONVERT}`],
  exr: ['an OpenEXR image', `tone-map it and ${CONVERT}`],
  raw: ['a camera raw image', DEVELOP],
  eps: ['an EPS or PostScript drawing', DRAW],
  pdf: ['a PDF document', DRAW],
  svg: ['an SVG drawing', DRAW],
  dicom: ['a DICOM image', CONVERT],
  fits: ['a FITS image', CONVERT],
  npy: ['a NumPy array', 'save it as PNG'],
} as const;

/** Latin-1 text at the start of the file; some formats have a second one at an offset. */
interface Signature {
  readonly type: ImageFormat | ForeignImage;
  readonly start: string;
  readonly then?: readonly [offset: number, text: string];
}

const SIGNATURES: readonly Signature[] = [
  { type: 'jpeg', start: '\xff\xd8\xff' },
  { type: 'png', start: '\x89PNG\r\n\x1a\n' },
  { type: 'webp', start: 'RIFF', then: [8, 'WEBP'] },
  { type: 'gif', start: 'GIF87a' },
  { type: 'gif', start: 'GIF89a' },
  // Classic TIFF and BigTIFF in both byte orders.
  { type: 'tiff', start: 'II*\0' },
  { type: 'tiff', start: 'MM\0*' },
  { type: 'tiff', start: 'II+\0' },
  { type: 'tiff', start: 'MM\0+' },
  { type: 'raw', start: 'IIU\0' },
  { type: 'raw', start: 'IIRO' },
  { type: 'raw', start: 'IIRS' },
  { type: 'raw', start: 'MMOR' },
  { type: 'raw', start: 'FUJIFILMCCD-RAW' },
  { type: 'raw', start: 'FOVb' },
  { type: 'bmp', start: 'BM', then: [6, '\0\0\0\0'] },
  { type: 'jxr', start: 'II\xbc' },
  { type: 'xcf', start: 'gimp xcf' },
  { type: 'dds', start: 'DDS ' },
  { type: 'qoi', start: 'qoif' },
  { type: 'hdr', start: '#?RADIANCE' },
  { type: 'hdr', start: '#?RGBE' },
  { type: 'exr', start: 'v/1\x01' },
  { type: 'eps', start: '%!PS' },
  { type: 'eps', start: '\xc5\xd0\xd3\xc6' },
  { type: 'pdf', start: '%PDF-' },
  { type: 'jp2', start: '\xff\x4f\xff\x51' },
  { type: 'fits', start: 'SIMPLE  =' },
  { type: 'npy', start: '\x93NUMPY' },
  { type: 'jxl', start: '\xff\x0a' },
  { type: 'jxl', start: '\0\0\0\x0cJXL ' },
  { type: 'jp2', start: '\0\0\0\x0cjP  ' },
  { type: 'psd', start: '8BPS' },
];

/**
 * The format of an image by its first bytes.
 * @param head at least the first 64 bytes of the file, or all of a shorter file
 * @returns null for anything that is not an image
 */
export function imageTypeOf(head: Uint8Array): ImageFormat | ForeignImage | null {
  const text = Buffer.from(head.subarray(0, 64)).toString('latin1');
  // Canon raw files are TIFFs with a marker of their own.
  if (/^(?:II\*\0|MM\0\*)....CR/s.test(text)) return 'raw';
  const found = SIGNATURES.find(
    ({ start, then = [0, ''] }) => text.startsWith(start) && text.startsWith(then[1], then[0]),
  );
  return found?.type ?? heifTypeOf(text) ?? looseImageType(head);
}

/** Formats with short signatures, or signatures at an offset. */
function looseImageType(head: Uint8Array): ForeignImage | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, 4100));
  if (bytes.length < 18) return null;
  const icons = bytes.readUInt16LE(0) === 0 && bytes.readUInt16LE(4) > 0;
  if (icons && bytes.readUInt16LE(2) === 1) return 'ico';
  if (icons && bytes.readUInt16LE(2) === 2) return 'cur';
  if (/^P[1-7][\s#]/.test(bytes.toString('latin1', 0, 3))) return 'pnm';
  if (bytes.toString('latin1', 128, 132) === 'DICM') return 'dicom';
  if (bytes[0] === 0x0a && bytes[1] <= 5 && bytes[2] === 1 && [1, 2, 4, 8].includes(bytes[3])) return 'pcx';
  if (isTga(bytes)) return 'tga';
  const text = bytes.toString('latin1');
  return /^\s*(?:\xef\xbb\xbf)?<(?:\?xml|!--|!DOCTYPE svg|svg)/i.test(text) && /<svg[\s>]/i.test(text)
    ? 'svg'
    : null;
}

/** TGA has no signature, so all header fields must be plausible. */
function isTga(bytes: Buffer): boolean {
  const [, mapped, type] = bytes;
  const mapFits =
    mapped === 1 ? [15, 16, 24, 32].includes(bytes[7]) : bytes.subarray(3, 8).every((byte) => byte === 0);
  const depths = type === 1 || type === 9 ? [8, 16] : type === 3 || type === 11 ? [8, 16] : [15, 16, 24, 32];
  const kinds = mapped === 1 ? [1, 2, 9, 10] : [2, 3, 10, 11];
  const sized = bytes.readUInt16LE(12) > 0 && bytes.readUInt16LE(14) > 0;
  return mapped <= 1 && kinds.includes(type) && mapFits && sized && depths.includes(bytes[16]);
}

/**
 * AVIF and HEIC share a container and are distinguished by brands, which come in any order, with a generic
 * one first.
 */
function heifTypeOf(text: string): 'avif' | 'heic' | 'raw' | null {
  if (text.slice(4, 8) !== 'ftyp') return null;
  const brands = text.slice(8, Math.min(text.length, text.charCodeAt(3) || text.length));
  if (brands.startsWith('crx ')) return 'raw';
  if (/avi[fs]/.test(brands)) return 'avif';
  return /^(hei[cmsx]|hev[cmsx]|mif1|msf1)/.test(brands) ? 'heic' : null;
}

/** Whether images of this type can be read. */
export const isImageFormat = (type: string | null): type is ImageFormat =>
  (IMAGE_FORMATS as readonly (string | null)[]).includes(type);

/** What an unsupported image is and how to convert it; null for anything that is not an image. */
export function describeForeign(head: Uint8Array): string | null {
  const type = imageTypeOf(head);
  if (type === null || isImageFormat(type)) return null;
  const [name, advice] = FOREIGN_NAMES[type];
  return `${name}, which is not supported; ${advice}`;
}
