import { ERROR_CODES } from '../errors/codes.js';
import type { ErrorMeaning } from '../errors/error-kind.js';
import { STATUS_OF_KIND } from './problem.js';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Text with `code` in backticks. */
const marked = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

const row = ([code, { kind, title, hint }]: [string, ErrorMeaning]): string =>
  `<tr id="${code}"><td><code>${code}</code></td><td>${String(STATUS_OF_KIND[kind])}</td><td>${escaped(title)}</td><td>${marked(hint)}</td></tr>`;

/** All error codes as a section of the documentation page. The `type` of an error is the URL of its row. */
export function errorReference(): string {
  const rows = Object.entries<ErrorMeaning>(ERROR_CODES).map(row);
  return `<section id="errors" class="swagger-ui"><div class="wrapper"><h2>Error codes</h2>
<table><thead><tr><th>code</th><th>status</th><th>title</th><th>what to do</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>
<style>#errors td { padding: 4px 12px 4px 0; vertical-align: top } #errors tr:target { background: #fff3c4 }</style></section>`;
}
