import { createInterface, emitKeypressEvents } from 'node:readline';
import { parseArgs } from 'node:util';
import { io, type Socket } from 'socket.io-client';
import { ApiClient } from './demo/api-client.js';
import { eventOfKey, eventOfLine, keyHelp, type ControlEvent } from './remote/controls.js';

/** Remote control from the command line: `npm run remote -- --help`. */
const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: {
    url: { type: 'string' },
    email: { type: 'string' },
    job: { type: 'string', multiple: true },
  },
  allowPositionals: true,
});

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What the server says about a message. */
interface Answer {
  readonly ok: boolean;
  readonly error?: { readonly message: string };
}

async function credential(url: string): Promise<string> {
  const given = process.env.INFERNODE_API_KEY ?? process.env.INFERNODE_TOKEN;
  if (given) return given;
  const password = process.env.INFERNODE_PASSWORD;
  if (values.email === undefined || !password)
    throw new Error('Set INFERNODE_API_KEY or INFERNODE_TOKEN, or --email with INFERNODE_PASSWORD.');
  const client = new ApiClient(url);
  await client.signIn(values.email, password);
  return client.accessToken;
}

async function connect(url: string): Promise<Socket> {
  const socket = io(`${url}/remote-control`, {
    transports: ['websocket'],
    auth: { token: await credential(url) },
  });
  socket.onAny((name: string, data: unknown) => say(`${name} ${JSON.stringify(data ?? null)}`));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('connect_error', (error: Error & { data?: { message?: string } }) =>
      reject(new Error(`${url} refuses the connection: ${error.data?.message ?? error.message}`)),
    );
  });
  const join = (): void => values.job?.forEach((id) => socket.emit('join_job_room', id));
  join();
  socket.on('connect', join);
  socket.on('disconnect', (reason) => say(`disconnected: ${reason}`));
  return socket;
}

async function send(socket: Socket, event: ControlEvent): Promise<void> {
  const { ok, error } = (await socket.emitWithAck('new_remote_control_event', event)) as Answer;
  if (!ok) throw new Error(error?.message ?? 'The server refused the event.');
}

const report = (error: unknown): void =>
  void process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);

/** Sends the event of each key until `q` or Ctrl-C. */
async function followKeys(socket: Socket): Promise<void> {
  say(keyHelp());
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode(true);
  await new Promise<void>((resolve) => {
    process.stdin.on('keypress', (_text, key: { name?: string; ctrl?: boolean }) => {
      if (key.name === 'q' || (key.ctrl && key.name === 'c')) return resolve();
      const event = eventOfKey(key.name ?? '');
      if (event) send(socket, event).catch(report);
    });
  });
  process.stdin.setRawMode(false);
  process.stdin.pause();
}

/** Sends the event of each line of standard input. */
async function followLines(socket: Socket): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const event = eventOfLine(line);
    if (event) await send(socket, event).catch(report);
  }
}

const url = values.url ?? process.env.INFERNODE_URL ?? `http://127.0.0.1:${process.env.PORT ?? '3000'}`;
const socket = await connect(url.replace(/\/$/, ''));
try {
  const event = eventOfLine(positionals.join(' '));
  if (event) await send(socket, event);
  else if (process.stdin.isTTY) await followKeys(socket);
  else await followLines(socket);
} finally {
  socket.emit('goodbye');
  socket.disconnect();
}
