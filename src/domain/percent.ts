/** Created lazily: it loads 4 MB of ICU locale data. */
let digits: Intl.NumberFormat | undefined;

/** Formats a share, 0 to 1: at most three digits, never `100 %` for less than all. */
export function formatPercent(share: number): string {
  const rounded = Number((100 * share).toPrecision(3));
  const shown = share < 1 && rounded >= 100 ? 99.9 : rounded;
  digits ??= new Intl.NumberFormat('en', { maximumSignificantDigits: 3, useGrouping: false });
  return shown > 0 && shown < 0.001 ? 'less than 0.001 %' : `${digits.format(shown)} %`;
}
