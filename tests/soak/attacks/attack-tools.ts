import net from 'node:net';
import { WebSocket } from 'ws';

/** What attacks work on. */
export interface Target {
  readonly url: string;
  /** Bearer token of a user with credits. */
  readonly token: string;
  query(sql: string, values?: unknown[]): Promise<unknown>;
}

type Run = (target: Target) => Promise<string>;

/** One attack; what it prepares is not measured. */
export interface Attack {
  readonly name: string;
  prepare(): Run | Promise<Run>;
}

const GIVEN_UP_MS = 60_000;
/** Videos are looked at one after the other. */
const UNANSWERED_MS = 300_000;

/** Status and code of the answer to a request, such as `413 BODY_TOO_LARGE`. */
export async function send(
  target: Target,
  path: string,
  body: Buffer | FormData | string,
  headers: Record<string, string> = {},
): Promise<string> {
  try {
    const response = await fetch(`${target.url}${path}`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${target.token}`,
        ...(body instanceof FormData ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : body,
      signal: AbortSignal.timeout(UNANSWERED_MS),
    });
    const text = await response.text();
    return `${String(response.status)} ${/"code":"(\w+)"/.exec(text)?.[1] ?? ''}`.trim();
  } catch (error) {
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : undefined;
    return `cut off (${String(code ?? (error instanceof Error ? error.name : error))})`;
  }
}

/** Resolves at the close, also of a connection that broke; `once` would reject. */
const closeOf = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

/** Sends a text as it is and says with which status the connection ended. */
export async function sendRaw({ url }: Target, text: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.write(text);
  const late = setTimeout(() => socket.destroy(), GIVEN_UP_MS);
  await closeOf(socket);
  clearTimeout(late);
  const status = /^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 'closed';
  return `${status} ${/"code":"(\w+)"/.exec(answer)?.[1] ?? ''}`.trim();
}

/** How often each answer came. */
export function tally(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts]
    .map(([answer, count]) => (count === 1 ? answer : `${String(count)} x ${answer}`))
    .join(', ');
}

/** The same many times at once. */
export async function times(count: number, work: (index: number) => Promise<string>): Promise<string> {
  return tally(await Promise.all(Array.from({ length: count }, (_, index) => work(index))));
}

/** A WebSocket that sends messages as fast as it can; says how it was closed. */
export async function floodSocket({ url }: Target, messages: readonly string[]): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`);
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed]);
  for (const message of messages) socket.send(message, () => undefined);
  const late = setTimeout(() => socket.terminate(), GIVEN_UP_MS);
  const code = await closed;
  clearTimeout(late);
  return `closed ${String(code)}`;
}

/** A signed-in WebSocket that never reads and sends the same message again and again; says how many got out. */
export async function frozenSocket(
  { url, token }: Target,
  plan: {
    readonly message: string;
    readonly everyMs: number;
    readonly atOnce: number;
    readonly times: number;
  },
): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.pause();
  for (let time = 0; time < plan.times; time += 1) {
    for (let count = 0; count < plan.atOnce; count += 1) socket.send(plan.message, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, plan.everyMs));
  }
  socket.terminate();
  return 'sent';
}

/** A WebSocket whose message is one text frame and many empty continuations; says how it was closed. */
export async function fragmentSocket({ url }: Target, count: number): Promise<string> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { perMessageDeflate: false });
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed]);
  for (let sent = 0; sent < count && socket.readyState === socket.OPEN; sent += 1) {
    socket.send('', { fin: false }, () => undefined);
  }
  const late = setTimeout(() => socket.terminate(), GIVEN_UP_MS);
  const code = await closed;
  clearTimeout(late);
  return `closed ${String(code)}`;
}
