import type { CustomFetch } from 'openid-client';

/** Metadata, keys and tokens have a few kilobytes. */
const MAX_BYTES = 1024 * 1024;

/** Fetches without following redirects; an answer with more than one mebibyte fails instead of filling the memory. */
export const boundedFetch: CustomFetch = async (url, options) => {
  const { status, headers, body } = await fetch(url, { ...options, body: options.body ?? null });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`The answer has more than ${String(MAX_BYTES)} bytes.`);
    chunks.push(chunk);
  }
  return new Response(bytes === 0 ? null : Buffer.concat(chunks), { status, headers });
};
