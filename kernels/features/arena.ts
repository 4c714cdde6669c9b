/** Bump allocator of a kernel: blocks are allocated consecutively and freed together. */

const ALIGNMENT: usize = 16;
/** Bytes after each block that SIMD loads may read. */
const SLACK: usize = 64;
const PAGE: usize = 65536;

let top: usize = __heap_base;

/** Frees all blocks. */
export function release(): void {
  top = __heap_base;
}

/** Allocates a block; its content is undefined. */
export function take(bytes: usize): usize {
  const block = (top + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  top = block + bytes + SLACK;
  const missing = <isize>top - <isize>(<usize>memory.size() * PAGE);
  if (missing > 0 && memory.grow(<i32>((<usize>missing + PAGE - 1) / PAGE)) < 0) unreachable();
  return block;
}
