/** Picture formats that are read, told by content. */
export const PICTURE_FORMATS = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const;
/** See {@link PICTURE_FORMATS}. */
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** Picture formats that are recognised, to say what to do about them, but not read. */
export type ForeignPicture = 'heic' | 'bmp' | 'jxl' | 'jp2' | 'psd' | 'ico';

const FOREIGN_NAMES: Readonly<Record<ForeignPicture, string>> = {
  heic: 'a HEIC picture',
  bmp: 'a BMP picture',
  jxl: 'a JPEG XL picture',
  jp2: 'a JPEG 2000 picture',
  psd: 'a Photoshop file',
  ico: 'an icon file',
};

/** Latin-1 text at the start of the file, and for some a second one at an offset. */
interface Signature {
  readonly type: PictureFormat | ForeignPicture;
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
  { type: 'bmp', start: 'BM', then: [6, '\0\0\0\0'] },
  { type: 'jxl', start: '\xff\x0a' },
  { type: 'jxl', start: '\0\0\0\x0cJXL ' },
  { type: 'jp2', start: '\0\0\0\x0cjP  ' },
  { type: 'psd', start: '8BPS' },
  { type: 'ico', start: '\0\0\x01\0' },
];

/**
 * The format of a picture by its first bytes.
 * @param head at least the first 64 bytes of the file, where it has that many
 * @returns null for everything that is no picture
 */
export function pictureTypeOf(head: Uint8Array): PictureFormat | ForeignPicture | null {
  const text = Buffer.from(head.subarray(0, 64)).toString('latin1');
  const found = SIGNATURES.find(
    ({ start, then = [0, ''] }) => text.startsWith(start) && text.startsWith(then[1], then[0]),
  );
  return found ? found.type : heifTypeOf(text);
}

/** AVIF and HEIC share a container; the brands tell them apart, in any order and with a generic one first. */
function heifTypeOf(text: string): 'avif' | 'heic' | null {
  if (text.slice(4, 8) !== 'ftyp') return null;
  const brands = text.slice(8, Math.min(text.length, text.charCodeAt(3) || text.length));
  if (/avi[fs]/.test(brands)) return 'avif';
  return /^(hei[cmsx]|hev[cmsx]|mif1|msf1)/.test(brands) ? 'heic' : null;
}

/** Whether pictures of this type can be read. */
export const isPictureFormat = (type: string | null): type is PictureFormat =>
  (PICTURE_FORMATS as readonly (string | null)[]).includes(type);

/** What a picture that is not read is, and what to do about it; null for what is no picture. */
export function describeForeign(head: Uint8Array): string | null {
  const type = pictureTypeOf(head);
  if (type === null || isPictureFormat(type)) return null;
  const onPhones =
    type === 'heic' ? ' (iPhones make JPEGs with Settings > Camera > Formats > Most Compatible)' : '';
  return `${FOREIGN_NAMES[type]}, which cannot be read here; convert it to JPEG or PNG${onPhones}`;
}
