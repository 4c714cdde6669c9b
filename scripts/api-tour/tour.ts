import { curl, type CurlAnswer, type CurlCall } from './curl.js';
import { runCommand } from './command.js';
import { compareWithDocument, type Comparison } from './documented.js';
import { exchangeText, jsonLine } from './transcript.js';

/** A caller: the name of the shell variable for the token, and the token. */
export interface Caller {
  readonly name: string;
  readonly token: string;
}

/** A call with its expected response. */
export interface TourCall extends CurlCall {
  /** Heading, or a sentence for preparatory calls. */
  readonly title: string;
  readonly expect: number;
  /** The documented response body. */
  readonly documented?: unknown;
  /** Expected error code. */
  readonly code?: string;
  /** Another accepted status, a known difference, with its reason. */
  readonly known?: { readonly status: number; readonly why: string };
}

/** A row of the final table. */
interface Checked {
  readonly title: string;
  readonly status: number;
  readonly comparison: Comparison;
  readonly remark: string;
}

/** A response with its body as JSON; undefined when it is not JSON. */
export interface TourAnswer extends CurlAnswer {
  readonly json: unknown;
}

/** Runs the calls, writes the transcript and records differences. */
export class Tour {
  readonly failures: string[] = [];
  readonly #text: string[] = [];
  readonly #table: Checked[] = [];

  readonly #baseUrl: string;
  readonly #hidden: readonly string[];
  readonly #tell: (line: string) => void;

  constructor(baseUrl: string, hidden: readonly string[], tell: (line: string) => void) {
    this.#baseUrl = baseUrl;
    this.#hidden = hidden;
    this.#tell = tell;
  }

  section(title: string, introduction: string): void {
    this.#text.push(`## ${title}`, introduction);
  }

  note(text: string): void {
    this.#text.push(text);
  }

  /** Writes the messages of a socket, one per line. */
  messages(title: string, messages: readonly unknown[]): void {
    this.#text.push(title, `\`\`\`json\n${messages.map((message) => jsonLine(message)).join('\n')}\n\`\`\``);
  }

  /** Runs a command of the checkout and writes it with the lines of its output that `shown` keeps. */
  async command(
    title: string,
    text: string,
    { code = 0, shown = () => true }: { code?: number; shown?: (line: string) => boolean } = {},
  ): Promise<void> {
    const answer = await runCommand(text);
    const lines = answer.output.trimEnd().split('\n').filter(shown);
    this.#text.push(`### ${title}`, `\`\`\`sh\n${text}\n\`\`\``, `\`\`\`text\n${lines.join('\n')}\n\`\`\``);
    this.require(answer.code === code, `${title}: exit code ${String(answer.code)}`);
  }

  /** Makes a call, writes it to the transcript and checks it. */
  async call(call: TourCall): Promise<TourAnswer> {
    const answer = await this.quietly(call);
    this.#text.push(`### ${call.title}`, this.#withoutSecrets(exchangeText(call, answer)));
    this.#check(call, answer);
    return answer;
  }

  /** Makes a call without writing it to the transcript, for example while polling. */
  async quietly(call: CurlCall): Promise<TourAnswer> {
    const answer = await curl(this.#baseUrl, call);
    const json: unknown = answer.contentType.includes('json')
      ? JSON.parse(answer.body.toString('utf8'))
      : undefined;
    return { ...answer, json };
  }

  /** Records the result of another expectation. */
  require(holds: boolean, what: string): void {
    this.#tell(`${holds ? 'ok    ' : 'FAILED'} ${what}`);
    if (!holds) this.failures.push(what);
  }

  markdown(): string {
    const rows = this.#table.map(({ title, status, comparison, remark }) => {
      const { differences, additions } = comparison;
      const same = differences.length === 0 ? 'yes' : differences.join('; ');
      return `| ${title} | ${status} | ${same} | ${additions.map((name) => `\`${name}\``).join(', ')} | ${remark} |`;
    });
    const heading =
      '| route | status | has the documented fields | additional fields | remark |\n|---|---|---|---|---|';
    const comparison = ['## Comparison with the documented responses', [heading, ...rows].join('\n')];
    return [...this.#text, ...(rows.length > 0 ? comparison : []), ''].join('\n\n');
  }

  #check(call: TourCall, { status, json }: TourAnswer): void {
    const known = call.known?.status === status;
    const code: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'code') : undefined;
    const wrongCode = call.code !== undefined && code !== call.code;
    this.require(
      (status === call.expect && !wrongCode) || known,
      `${call.title}: ${status} ${String(code ?? '')}`,
    );
    if (call.documented === undefined) return;
    const comparison = known
      ? { differences: ['the answer is an error'], additions: [] }
      : compareWithDocument(call.documented, json);
    if (!known)
      comparison.differences.forEach((difference) => this.require(false, `${call.title}: ${difference}`));
    this.#table.push({ title: call.title, status, comparison, remark: known ? (call.known?.why ?? '') : '' });
  }

  #withoutSecrets(text: string): string {
    return this.#hidden.reduce((safe, secret) => safe.replaceAll(secret, '…'), text);
  }
}

/**
 * A text field of a response, found by its keys.
 * @throws Error when it does not exist
 */
export function textAt(value: unknown, ...keys: readonly (string | number)[]): string {
  const found = keys.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null ? Reflect.get(current, key) : undefined,
    value,
  );
  if (typeof found !== 'string') throw new Error(`the answer has no text at ${keys.join('.')}`);
  return found;
}
