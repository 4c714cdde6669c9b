/** Made when it is first used: it brings 4 MB of Node's tables of languages into memory. */
let digits: Intl.NumberFormat | undefined;

/** A share, 0 to 1, as it is shown: three digits at most, never `100 %` for less than all. */
export function formatPercent(share: number): string {
  const rounded = Number((100 * share).toPrecision(3));
  const shown = share < 1 && rounded >= 100 ? 99.9 : rounded;
  digits ??= new Intl.NumberFormat('en', { maximumSignificantDigits: 3, useGrouping: false });
  return shown > 0 && shown < 0.001 ? 'less than 0.001 %' : `${digits.format(shown)} %`;
}
