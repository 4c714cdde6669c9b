import { serveIdleThread } from '../../supervision/threads/idle-thread.js';
import { HeifError, readHeif, type HeifHeader, type HeifImage } from './libheif.js';

/** A request to the thread that reads HEIF files. */
export interface HeifRequest {
  readonly content: Uint8Array<ArrayBuffer>;
  /** Limit on the size of each coded image. */
  readonly maxPixels: number;
  readonly wanted: 'header' | 'image';
}

/** What was wanted, or why the file is rejected. */
export type HeifReply =
  | { readonly header: HeifHeader }
  | { readonly image: HeifImage }
  | { readonly rejection: { readonly message: string; readonly unsupported: boolean } };

// Any other error ends the thread, which the caller notices.
serveIdleThread(answer);

function answer({ content, maxPixels, wanted }: HeifRequest): [HeifReply, ArrayBuffer[]] {
  try {
    if (wanted === 'header') return [{ header: readHeif(content, maxPixels, (file) => file.header()) }, []];
    const image = readHeif(content, maxPixels, (file) => file.decode());
    return [{ image }, [image.pixels.buffer]];
  } catch (error) {
    if (!(error instanceof HeifError)) throw error;
    const { message, unsupported } = error;
    return [{ rejection: { message, unsupported } }, []];
  }
}
