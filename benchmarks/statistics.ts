/** Median and spread of one figure over several rounds. */
export interface Spread {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly rounds: number;
}

/** Summarises at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, minimum: sorted[0], maximum: sorted[sorted.length - 1], rounds: sorted.length };
}

/** One row of the printed table. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: Spread;
  /** Baseline in the same run, and the ratio value : baseline of the medians. */
  readonly baseline?: { readonly name: string; readonly value: Spread; readonly ratio: number };
}

/** A figure with its baseline from the same run. */
export function compared(
  { name, unit }: Pick<Figure, 'name' | 'unit'>,
  value: Spread,
  baseline: { name: string; value: Spread },
): Figure {
  return { name, unit, value, baseline: { ...baseline, ratio: value.median / baseline.value.median } };
}

/** Median of the non-null numbers; `null` when there are none. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** A Markdown table; numbers are rounded to significant digits. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cell = (value: string | number | null): string => {
    if (value === null) return '–';
    if (typeof value === 'string') return value;
    return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
  };
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map((row) => line(row.map(cell)))].join('\n');
}
