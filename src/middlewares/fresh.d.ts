declare module 'fresh' {
  /** Whether a client whose request has these conditions has what an answer with these headers would bring. */
  export default function fresh(
    conditions: Readonly<Record<'if-none-match' | 'if-modified-since', string | undefined>>,
    answer: Readonly<Record<'etag' | 'last-modified', string>>,
  ): boolean;
}
