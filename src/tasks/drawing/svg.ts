/** Text for the inside of an SVG element. */
function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

/** An SVG element; attributes are escaped, children are SVG already. */
export function element(name: string, attributes: Record<string, string | number>, children = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return children === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${children}</${name}>`;
}

/** A line of text. */
export function label(text: string, attributes: Record<string, string | number>): string {
  return element(
    'text',
    { 'font-family': 'DejaVu Sans, Helvetica, Arial, sans-serif', ...attributes },
    escapeXml(text),
  );
}

/** A coordinate with a tenth of a pixel: keeps files small. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

/** About `count` round numbers (1, 2 or 5 times a power of ten) that span `from` to `to`. */
export function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** A tick's number without floating-point dust. */
export function tickText(value: number): string {
  return String(Number(value.toPrecision(6)));
}
