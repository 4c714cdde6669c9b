/** Escapes text for XML. */
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

/** Builds an SVG element; attributes are escaped, children must already be SVG. */
export function element(name: string, attributes: Record<string, string | number>, children = ''): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return children === '' ? `<${name}${list.join('')}/>` : `<${name}${list.join('')}>${children}</${name}>`;
}

/** Builds a text element. */
export function label(text: string, attributes: Record<string, string | number>): string {
  return element(
    'text',
    { 'font-family': 'DejaVu Sans, Helvetica, Arial, sans-serif', ...attributes },
    escapeXml(text),
  );
}

/** Rounds a coordinate to a tenth of a pixel, which keeps files small. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}
