/** The `rank`-th largest (1 for the largest) of `count` 32-bit floats, whose order changes. By Hoare's selection. */
export function largest(floats: usize, count: i32, rank: i32): f32 {
  let first = 0;
  let last = count - 1;
  const wanted = rank - 1;
  while (first < last) {
    const pivot = load<f32>(floats + 4 * ((first + last) >> 1));
    let i = first;
    let j = last;
    while (i <= j) {
      while (load<f32>(floats + 4 * i) > pivot) i++;
      while (load<f32>(floats + 4 * j) < pivot) j--;
      if (i > j) break;
      const left = load<f32>(floats + 4 * i);
      store<f32>(floats + 4 * i, load<f32>(floats + 4 * j));
      store<f32>(floats + 4 * j, left);
      i++;
      j--;
    }
    if (wanted <= j) last = j;
    else if (wanted >= i) first = i;
    else break;
  }
  return load<f32>(floats + 4 * wanted);
}
