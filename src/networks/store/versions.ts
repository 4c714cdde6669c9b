const parts = (version: string): readonly string[] => version.split(/[.\-_+]/);

/** Compares versions in natural order: `1.9.0` before `1.10.0`, numbers before words. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [x, y] = [left[index] ?? '', right[index] ?? ''];
    if (x === y) continue;
    const [numberX, numberY] = [Number(x || '-1'), Number(y || '-1')];
    if (Number.isNaN(numberX) || Number.isNaN(numberY)) return x < y ? -1 : 1;
    if (numberX !== numberY) return numberX - numberY;
  }
  return 0;
}
