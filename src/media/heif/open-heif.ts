import sharp from 'sharp';
import { IdleThread } from '../../supervision/threads/idle-thread.js';
import { hdrWarning } from '../hdr-image.js';
import { corrupt, ImageUnreadable, profileWarnings, type OpenedImage } from '../opened-image.js';
import { pngWithProfile } from '../png-repair.js';
import type { HeifReply, HeifRequest } from './heif-thread.js';

/** A photo of 48 megapixels takes several seconds. */
const TIMEOUT_MS = 30_000;
/** Heap of JavaScript alone; the files and pixels lie outside it. */
const HEAP_MB = 128;
/** A grid of tiles is larger than its image by up to one tile on each side, which matters for small images. */
const MIN_PIXEL_LIMIT = 4 * 2 ** 20;

const thread = new IdleThread<HeifRequest, HeifReply>({
  entry: new URL('./heif-thread.js', import.meta.url),
  heapMb: HEAP_MB,
  timeoutMs: TIMEOUT_MS,
});

/**
 * Opens a HEIC image, as `openImage` opens the other formats. libvips is built without a decoder of HEVC, so libheif
 * decodes it in a thread; orientation and cropping are applied by the decoder, colour profiles by libvips.
 * @throws ImageUnreadable
 */
export async function openHeif(content: Uint8Array): Promise<OpenedImage> {
  const reply = await ask(content, 'header', Number.MAX_SAFE_INTEGER);
  if (!('header' in reply)) throw unreadable(reply);
  const { width, height, images, bitDepth, transfer, iccProfile } = reply.header;
  const hdr = hdrWarning(transfer);
  const warnings = [
    ...(images > 1 ? [`Only the first of ${String(images)} frames or pages was used.`] : []),
    ...(bitDepth > 8 ? ['The image was reduced to 8 bits per channel.'] : []),
    ...(hdr === null ? [] : [hdr]),
    ...profileWarnings(iccProfile === null ? undefined : Buffer.from(iccProfile)),
  ];
  return {
    width,
    height,
    warnings,
    async read(use) {
      const decoded = await ask(content, 'image', Math.max(MIN_PIXEL_LIMIT, 2 * width * height));
      if (!('image' in decoded)) throw unreadable(decoded);
      const { pixels, ...size } = decoded.image;
      // libvips converts the colours of files only, so the pixels become one.
      const png = await sharp(pixels, { raw: size, limitInputPixels: false })
        .png({ compressionLevel: 0 })
        .toBuffer();
      const file = iccProfile === null ? png : pngWithProfile(png, iccProfile);
      const value = await use(sharp(file, { failOn: 'error', limitInputPixels: false })).catch(corrupt);
      return { value, warnings };
    },
  };
}

async function ask(
  content: Uint8Array,
  wanted: HeifRequest['wanted'],
  maxPixels: number,
): Promise<HeifReply> {
  const copy = new Uint8Array(content);
  return (await thread.ask({ content: copy, maxPixels, wanted }, [copy.buffer])) ?? LOST;
}

const LOST: HeifReply = {
  rejection: { message: 'it cannot be decoded within the limits of time and memory', unsupported: false },
};

function unreadable(reply: HeifReply): ImageUnreadable {
  const { message, unsupported } =
    'rejection' in reply ? reply.rejection : { message: '', unsupported: false };
  return new ImageUnreadable(
    unsupported
      ? {
          fault: 'unsupported',
          detail: `a HEIF image that cannot be decoded (${message}); convert it to JPEG or PNG`,
        }
      : { fault: 'corrupt', detail: message },
  );
}
