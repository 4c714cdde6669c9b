/** Memory of a kernel: blocks taken one after the other, all given back together. */

const ALIGNMENT: usize = 16;
/** What SIMD loads may read beyond the end of a block. */
const SLACK: usize = 64;
const PAGE: usize = 65536;

let top: usize = __heap_base;

/** Gives back everything that was taken. */
export function release(): void {
  top = __heap_base;
}

/** Takes a block; its content is left over from before. */
export function take(bytes: usize): usize {
  const block = (top + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  top = block + bytes + SLACK;
  const missing = <isize>top - <isize>(<usize>memory.size() * PAGE);
  if (missing > 0 && memory.grow(<i32>((<usize>missing + PAGE - 1) / PAGE)) < 0) unreachable();
  return block;
}
