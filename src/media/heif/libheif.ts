import { createRequire } from 'node:module';

/** An image of a HEIF file, upright, 8 bits per channel, in the colours of the file. */
export interface HeifImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  /** `width * height * channels` bytes, row by row; alpha is not premultiplied. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** What the boxes of a HEIF file say about its primary image. */
export interface HeifHeader {
  /** Size as a viewer shows it, upright. */
  readonly width: number;
  readonly height: number;
  /** Number of images that stand for themselves, without thumbnails, tiles and depth maps. */
  readonly images: number;
  readonly bitDepth: number;
  /** Transfer characteristics (ITU-T H.273); 0 if the file does not say. */
  readonly transfer: number;
  readonly iccProfile: Uint8Array<ArrayBuffer> | null;
}

/** Thrown for a file that libheif rejects. */
export class HeifError extends Error {
  /** @param unsupported whether the file uses a codec or feature that this build of libheif lacks */
  constructor(
    message: string,
    readonly unsupported: boolean,
  ) {
    super(message);
  }
}

/** The part of libheif's C interface (libheif/heif.h) that is used here. Pointers are offsets into the heap. */
interface LibHeif {
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _heif_get_global_security_limits(): number;
  _heif_context_alloc(): number;
  _heif_context_free(context: number): void;
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    bytes: number,
    size: number,
    options: number,
  ): void;
  _heif_context_get_number_of_top_level_images(context: number): number;
  _heif_context_get_primary_image_handle(error: number, context: number, handle: number): void;
  _heif_image_handle_get_width(handle: number): number;
  _heif_image_handle_get_height(handle: number): number;
  _heif_image_handle_has_alpha_channel(handle: number): number;
  _heif_image_handle_is_premultiplied_alpha(handle: number): number;
  _heif_image_handle_get_luma_bits_per_pixel(handle: number): number;
  _heif_image_handle_get_raw_color_profile_size(handle: number): number;
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, bytes: number): void;
  _heif_image_handle_get_nclx_color_profile(error: number, handle: number, profile: number): void;
  _heif_nclx_color_profile_free(profile: number): void;
  _heif_image_handle_release(handle: number): void;
  _heif_decode_image(
    error: number,
    handle: number,
    image: number,
    colorspace: number,
    chroma: number,
    options: number,
  ): void;
  _heif_image_get_width(image: number, channel: number): number;
  _heif_image_get_height(image: number, channel: number): number;
  _heif_image_get_plane_readonly(image: number, channel: number, stride: number): number;
  _heif_image_release(image: number): void;
}

/** Values of enumerations in heif.h; the errors are an unknown file type, feature and codec. */
const COLORSPACE_RGB = 1;
const CHROMA_INTERLEAVED = { 3: 10, 4: 11 } as const;
const CHANNEL_INTERLEAVED = 10;
const ERROR_UNSUPPORTED = [3, 4, 11];

/** Offset of `max_image_size_pixels` in `struct heif_security_limits`. */
const MAX_PIXELS_OFFSET = 8;
/** Offset of `transfer_characteristics` in `struct heif_color_profile_nclx`. */
const TRANSFER_OFFSET = 8;
/** `struct heif_error`: code, subcode and the address of a message. */
const ERROR_BYTES = 12;
/** A colour profile of a camera has less than a kilobyte, one of a printer up to a few megabytes. */
const MAX_PROFILE_BYTES = 8 * 2 ** 20;

let loaded: LibHeif | undefined;

const require = createRequire(import.meta.url);

/** Loaded with the first file: compiling takes tenths of a second. */
const load = (): LibHeif =>
  (loaded ??= (require('libheif-js/libheif-wasm/libheif-bundle.js') as () => LibHeif)());

/**
 * Opens a HEIF file (ISO/IEC 23008-12) with HEVC images for the time of `use`.
 * @param maxPixels limit on the size of each coded image
 * @throws HeifError
 */
export function readHeif<T>(content: Uint8Array, maxPixels: number, use: (file: HeifFile) => T): T {
  const file = new HeifFile(content, maxPixels);
  try {
    file.open();
    return use(file);
  } finally {
    file.close();
  }
}

class HeifFile {
  readonly #lib = load();
  readonly #context: number;
  /** Where C functions write their error and one result. */
  readonly #out: number;
  readonly #bytes: number;
  readonly #size: number;
  #handle = 0;

  constructor(content: Uint8Array, maxPixels: number) {
    const lib = this.#lib;
    const limit = lib._heif_get_global_security_limits() + MAX_PIXELS_OFFSET;
    this.#view().setBigUint64(limit, BigInt(maxPixels), true);
    this.#size = content.byteLength;
    this.#out = lib._malloc(ERROR_BYTES + 4);
    this.#bytes = lib._malloc(this.#size);
    lib.HEAPU8.set(content, this.#bytes);
    this.#context = lib._heif_context_alloc();
  }

  /** Reads the boxes. @throws HeifError */
  open(): void {
    const lib = this.#lib;
    this.#call((error) =>
      lib._heif_context_read_from_memory_without_copy(error, this.#context, this.#bytes, this.#size, 0),
    );
    this.#handle = this.#result((error, handle) =>
      lib._heif_context_get_primary_image_handle(error, this.#context, handle),
    );
  }

  close(): void {
    const lib = this.#lib;
    if (this.#handle !== 0) lib._heif_image_handle_release(this.#handle);
    lib._heif_context_free(this.#context);
    lib._free(this.#bytes);
    lib._free(this.#out);
  }

  /** @throws HeifError */
  header(): HeifHeader {
    const lib = this.#lib;
    return {
      width: lib._heif_image_handle_get_width(this.#handle),
      height: lib._heif_image_handle_get_height(this.#handle),
      images: lib._heif_context_get_number_of_top_level_images(this.#context),
      bitDepth: lib._heif_image_handle_get_luma_bits_per_pixel(this.#handle),
      transfer: this.#transfer(),
      iccProfile: this.#iccProfile(),
    };
  }

  /** Damaged pixels are concealed, as viewers do. @throws HeifError, also for a file that is cut off */
  decode(): HeifImage {
    const lib = this.#lib;
    const channels = lib._heif_image_handle_has_alpha_channel(this.#handle) === 0 ? 3 : 4;
    const chroma = CHROMA_INTERLEAVED[channels];
    const image = this.#result((error, out) =>
      lib._heif_decode_image(error, this.#handle, out, COLORSPACE_RGB, chroma, 0),
    );
    const width = lib._heif_image_get_width(image, CHANNEL_INTERLEAVED);
    const height = lib._heif_image_get_height(image, CHANNEL_INTERLEAVED);
    const plane = lib._heif_image_get_plane_readonly(image, CHANNEL_INTERLEAVED, this.#out);
    const stride = this.#view().getUint32(this.#out, true);
    const pixels = new Uint8Array(width * height * channels);
    for (let y = 0; y < height; y += 1) {
      const row = plane + y * stride;
      pixels.set(lib.HEAPU8.subarray(row, row + width * channels), y * width * channels);
    }
    lib._heif_image_release(image);
    if (channels === 4 && lib._heif_image_handle_is_premultiplied_alpha(this.#handle) !== 0)
      unpremultiply(pixels);
    return { width, height, channels, pixels };
  }

  #transfer(): number {
    const lib = this.#lib;
    try {
      const profile = this.#result((error, out) =>
        lib._heif_image_handle_get_nclx_color_profile(error, this.#handle, out),
      );
      const transfer = this.#view().getUint32(profile + TRANSFER_OFFSET, true);
      lib._heif_nclx_color_profile_free(profile);
      return transfer;
    } catch (error) {
      // Files without this profile are the usual case.
      if (error instanceof HeifError) return 0;
      throw error;
    }
  }

  #iccProfile(): Uint8Array<ArrayBuffer> | null {
    const lib = this.#lib;
    const size = lib._heif_image_handle_get_raw_color_profile_size(this.#handle);
    if (size === 0 || size > MAX_PROFILE_BYTES) return null;
    const at = lib._malloc(size);
    this.#call((error) => lib._heif_image_handle_get_raw_color_profile(error, this.#handle, at));
    const profile = lib.HEAPU8.slice(at, at + size);
    lib._free(at);
    return profile;
  }

  /** Calls a function that writes a pointer behind the error. */
  #result(call: (error: number, result: number) => void): number {
    const at = this.#out + ERROR_BYTES;
    this.#call((error) => call(error, at));
    return this.#view().getUint32(at, true);
  }

  #call(call: (error: number) => void): void {
    call(this.#out);
    const view = this.#view();
    const code = view.getUint32(this.#out, true);
    if (code === 0) return;
    const text = view.getUint32(this.#out + 8, true);
    const heap = this.#lib.HEAPU8;
    const message = Buffer.from(heap.subarray(text, heap.indexOf(0, text))).toString('latin1');
    throw new HeifError(message.slice(0, 200), ERROR_UNSUPPORTED.includes(code));
  }

  /** Made for each use, since the heap moves when it grows. */
  #view(): DataView {
    return new DataView(this.#lib.HEAPU8.buffer);
  }
}

function unpremultiply(pixels: Uint8Array): void {
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3];
    if (alpha === 0 || alpha === 255) continue;
    for (let channel = at; channel < at + 3; channel += 1)
      pixels[channel] = Math.min(255, Math.round((pixels[channel] * 255) / alpha));
  }
}
