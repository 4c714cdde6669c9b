import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import express from 'express';
import { MemoryBudget } from '../../../../src/lifecycle/memory-budget.js';
import { readJsonBody } from '../../../../src/middlewares/body/json-body.js';
import { toProblem } from '../../../../src/middlewares/problem.js';

const LIMIT = 200_000;
const memory = new MemoryBudget(10 * LIMIT);
const openRoom = () => ({
  memory: memory.open(),
  spill: { tempFolder, requireSpace: async () => undefined },
});
/** Beyond the length from which bodies are read in one piece. */
const LONG = 'x'.repeat(50_000);
/** Beyond the length that is kept in memory while it arrives. */
const LONGER = 'x'.repeat(150_000);

/** Folders of bodies that have gone to disk. */
const folders: string[] = [];

async function tempFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-body-'));
  folders.push(folder);
  return { path: folder, remove: () => rm(folder, { recursive: true }) };
}

let server: Server;
let port: number;
/** Codes of requests whose sender may not be there to hear them. */
const codes: string[] = [];

beforeAll(async () => {
  const app = express();
  app.post('/', async (request, response) => {
    const room = openRoom();
    try {
      response.json({ body: await readJsonBody(request, { limitBytes: LIMIT }, room) });
    } catch (error) {
      const problem = toProblem(error, { id: '1', path: '/' });
      codes.push(problem.body.code);
      response.status(problem.status).json(problem.body);
    } finally {
      room.memory.release();
    }
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown; code?: string }> {
  const request = httpRequest({
    port,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const answer = JSON.parse(Buffer.concat(chunks).toString()) as { body: unknown; code?: string };
  return { status: response.statusCode, ...answer };
}

describe.each([
  ['short', 'x'],
  ['long', LONG],
  ['longer one, on disk until it has arrived: a', LONGER],
])('a %s JSON body', (_name, filling) => {
  it.each<[string, string, unknown]>([
    ['ASCII', JSON.stringify({ a: [filling] }), { a: [filling] }],
    ['letters of other scripts', JSON.stringify({ a: `ä€😀${filling}` }), { a: `ä€😀${filling}` }],
    ['a byte order mark', `\ufeff${JSON.stringify([filling])}`, [filling]],
    ['space around it', ` \n${JSON.stringify([filling])}\n `, [filling]],
  ])('with %s is read as it was meant', async (_what, text, value) => {
    expect(await post(text)).toEqual({ status: 200, body: value });
  });

  it.each<[string, string]>([
    ['is cut off', `{"a":"${filling}`],
    ['is followed by something', `{"a":"${filling}"} true`],
    ['is only a text', `"${filling}"`],
    ['holds a line break in a text', `{"a":"${filling}\n"}`],
  ])('that %s is refused without being quoted', async (_what, text) => {
    const { status, ...answer } = await post(text);
    expect([status, answer.code]).toEqual([400, 'MALFORMED_JSON']);
    expect(JSON.stringify(answer)).not.toContain(filling.repeat(2));
  });

  it.each([null, 5, true, 'text'])('that is only %j is told what it has to be', async (value) => {
    const answer = await post(`${JSON.stringify(value)}${' '.repeat(filling.length)}`);
    expect(answer).toMatchObject({ status: 400, code: 'MALFORMED_JSON' });
    const given = value === null ? 'null' : `a ${typeof value}`;
    expect(Reflect.get(answer, 'detail')).toBe(`The body must be a JSON object, not ${given}.`);
  });

  it('may come compressed or in chunks', async () => {
    const text = JSON.stringify({ a: filling });
    const zipped = gzipSync(text);
    const gzip = { 'content-encoding': 'gzip', 'content-length': String(zipped.length) };
    expect(await post(zipped, gzip)).toEqual({ status: 200, body: { a: filling } });
    const request = httpRequest({ port, method: 'POST', headers: { 'content-type': 'application/json' } });
    request.write(text.slice(0, 5));
    request.end(text.slice(5));
    const [response] = (await once(request, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(200);
  });
});

describe.each<[string, (text: string) => Uint8Array]>([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('a body that is %s', (encoding, compress) => {
  const whole = compress(JSON.stringify({ a: 'x'.repeat(1000) }));
  const send = (body: Uint8Array) =>
    post(body, { 'content-encoding': encoding, 'content-length': String(body.length) });

  it('in full is read', async () => {
    expect((await send(whole)).status).toBe(200);
  });

  it.each<[string, Uint8Array]>([
    ['only in name', Buffer.from('xx no such data')],
    ['cut off', whole.subarray(0, whole.length - 6)],
  ])('%s is refused with its encoding', async (_what, body) => {
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 400, code: 'MALFORMED_BODY' });
    expect(Reflect.get(answer, 'detail')).toContain(`Content-Encoding is ${encoding},`);
  });
});

describe('json body', () => {
  it('an encoding that nobody knows is refused by its name', async () => {
    const answer = await post('{}', { 'content-encoding': 'zip' });
    expect(answer).toMatchObject({ status: 415, code: 'UNSUPPORTED_TYPE' });
    expect(Reflect.get(answer, 'detail')).toContain('The Content-Encoding zip is not supported');
  });

  it('the limit holds to the byte', async () => {
    const exact = JSON.stringify({ a: 'x'.repeat(LIMIT - 8) });
    expect(Buffer.byteLength(exact)).toBe(LIMIT);
    expect((await post(exact)).status).toBe(200);
    expect((await post(`${exact} `)).status).toBe(413);
  });

  /** Waits for something that happens in its own time. */
  async function until(happened: () => boolean): Promise<void> {
    while (!happened()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('a body that stops takes disk and hardly any memory, and its file goes with its sender', async () => {
    const [before, begun] = [folders.length, `{"a":"${LONGER}`];
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 199000\r\n\r\n`,
    );
    socket.write(begun);
    const onDisk = () =>
      folders.length > before &&
      statSync(path.join(folders[before], 'body'), { throwIfNoEntry: false })?.size;
    await until(() => onDisk() === begun.length || memory.usedBytes === begun.length);
    expect(memory.usedBytes).toBeLessThan(begun.length / 2);
    socket.destroy();
    await until(() => !existsSync(folders[before]));
  });

  it('nothing is left on disk of bodies that were read or refused', async () => {
    const before = folders.length;
    expect((await post(JSON.stringify({ a: LONGER }))).status).toBe(200);
    expect((await post(`{"a":"${LONGER}`)).status).toBe(400);
    expect((await post(`{"a":"${LONGER}`, { 'content-encoding': 'gzip' })).status).toBe(400);
    const deep = gzipSync(`{"a":"${LONGER}","b":${'['.repeat(40)}`);
    expect((await post(deep, { 'content-encoding': 'gzip' })).status).toBe(400);
    expect(folders.length).toBe(before + 3);
    await until(() => !folders.some((folder) => existsSync(folder)));
  });

  it.each<[string, string, string | Uint8Array]>([
    ['a long body', '', `{"a":"${LONG.slice(0, 20_000)}`],
    ['a compressed one', 'Content-Encoding: gzip\r\n', gzipSync(LONG).subarray(0, 50)],
  ])('a sender who leaves in the middle of %s is no error of ours', async (_what, header, begun) => {
    const socket = connect(port, '127.0.0.1');
    const head = `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}Content-Length: 60000\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(head), Buffer.from(begun)]));
    await once(server, 'request');
    const before = codes.length;
    socket.destroy();
    await until(() => codes.length > before);
    expect(codes.at(-1)).toBe('REQUEST_ABORTED');
  });
});
