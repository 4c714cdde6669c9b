/** Offset and length of the major brand in the `ftyp` box, with which the file begins. */
const MAJOR_BRAND = { at: 8, length: 4 } as const;

/** An AVIF file for libvips, with the warning for an animation. */
export interface ReadableAvif {
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * An AVIF file with the major brand of a still image. libvips recognises AVIF by this brand alone and refuses animations
 * (`avis`) and files with a profile as brand (`MA1B`), although their still image is read like any other.
 * @param content a file that `imageTypeOf` takes for AVIF
 */
export function readableAvif(content: Uint8Array): ReadableAvif {
  const brands = Buffer.from(content.buffer, content.byteOffset, Math.min(content.byteLength, 64));
  const length = Math.min(brands.length, brands.readUInt32BE(0) || brands.length);
  const animated = brands.toString('latin1', MAJOR_BRAND.at, length).includes('avis');
  const warnings = animated ? ['The image is animated; only its first frame was used.'] : [];
  const end = MAJOR_BRAND.at + MAJOR_BRAND.length;
  if (brands.toString('latin1', MAJOR_BRAND.at, end) === 'avif') return { bytes: content, warnings };
  const bytes = Buffer.from(content);
  bytes.write('avif', MAJOR_BRAND.at, 'latin1');
  return { bytes, warnings };
}
