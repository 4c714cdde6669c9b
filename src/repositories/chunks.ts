/** Cuts a stream of buffers of any size into buffers of exactly `size` bytes; only the last may be shorter. */
export async function* inChunksOf(size: number, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const part of source) {
    let rest = part;
    while (length + rest.length >= size) {
      const taken = size - length;
      yield Buffer.concat([...waiting, rest.subarray(0, taken)], size);
      rest = rest.subarray(taken);
      waiting = [];
      length = 0;
    }
    // The source may use its buffer again once it is asked for the next one.
    if (rest.length > 0) waiting.push(Buffer.from(rest));
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}
