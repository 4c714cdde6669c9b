/**
 * Returns the value that would be at the middle of the sorted values; the upper one of two. The values are reordered in
 * place, by Hoare's selection: sorting all of them takes several times as long.
 * @returns 0 for no values
 */
export function medianInPlace(values: Float32Array): number {
  if (values.length === 0) return 0;
  const wanted = values.length >> 1;
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[(left + right) >> 1];
    let [low, high] = [left, right];
    while (low <= high) {
      while (values[low] < pivot) low += 1;
      while (values[high] > pivot) high -= 1;
      if (low > high) break;
      const swapped = values[low];
      values[low] = values[high];
      values[high] = swapped;
      low += 1;
      high -= 1;
    }
    if (wanted <= high) right = high;
    else if (wanted >= low) left = low;
    else break;
  }
  return values[wanted];
}
