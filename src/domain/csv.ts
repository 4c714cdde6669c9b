/** Formats one CSV line. */
export const csvLine = (fields: readonly (string | number)[]): string =>
  `${fields.map((field) => csvField(String(field))).join(',')}\n`;

/** Quotes a field where needed, and prefixes text that a spreadsheet would evaluate as a formula. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
