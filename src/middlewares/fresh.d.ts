declare module 'fresh' {
  /** Whether a client with these request headers already has the response with these headers. */
  export default function fresh(
    conditions: Readonly<Record<'if-none-match' | 'if-modified-since', string | undefined>>,
    answer: Readonly<Record<'etag' | 'last-modified', string>>,
  ): boolean;
}
