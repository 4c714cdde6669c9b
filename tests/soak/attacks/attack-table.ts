import { randomBytes, randomUUID } from 'node:crypto';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import {
  floodSocket,
  fragmentSocket,
  frozenSocket,
  send,
  sendRaw,
  tally,
  times,
  type Attack,
  type Target,
} from './attack-tools.js';
import { mediaAttacks } from './media-attacks.js';
import { pipelinedAttacks } from './pipelined-attacks.js';

const MEGABYTE = 1e6;
const CODINGS: Readonly<Record<string, (text: Buffer) => Buffer>> = {
  br: (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: gzipSync,
  deflate: deflateSync,
};

/** The same text to one route in every coding. */
function bomb(
  name: string,
  path: string,
  text: () => Buffer,
  headers: Record<string, string> = {},
): Attack[] {
  return Object.entries(CODINGS).map(([encoding, compress]) => ({
    name: `${name}, ${encoding}, to ${path}`,
    prepare: () => {
      const body = compress(text());
      return (target) => send(target, path, body, { ...headers, 'Content-Encoding': encoding });
    },
  }));
}

const bombs = (): Attack[] => [
  ...bomb('45 MB of {},', '/v2/models/shapes/infer', () => Buffer.from(`[${'{},'.repeat(15e6)}`)),
  ...bomb('5 million brackets', '/api/dataset', () => Buffer.alloc(5 * MEGABYTE, '[')),
  ...bomb('8 million tags', '/api/dataset', () => Buffer.from(`{"name":"A","tags":[${'"",'.repeat(8e6)}`)),
  ...bomb('20 million entries', '/api/inference/batch', () => Buffer.from(`{"inputs":[${'0,'.repeat(20e6)}`)),
  ...bomb('60 MB of spaces', '/api/auth/login', () => Buffer.alloc(60 * MEGABYTE, ' ')),
  ...bomb(
    '64 MB of zeros as binary data',
    '/v2/models/shapes/infer',
    () => Buffer.concat([Buffer.from('{}'), Buffer.alloc(64 * MEGABYTE)]),
    { 'Inference-Header-Content-Length': '2' },
  ),
];

const numbers = (count: number): string =>
  Array.from({ length: count }, (_, at) => String(at % 255)).join(',');

/** As much as the limits allow, and a little more. */
const largest = (): Attack[] => [
  {
    name: '10 000 values, 500 KB of names, to /api/dataset',
    prepare: () => {
      const body = JSON.stringify(
        Object.fromEntries(Array.from({ length: 9000 }, (_, at) => [`${'x'.repeat(50)}${String(at)}`, at])),
      );
      return (target) => times(8, () => send(target, '/api/dataset', body));
    },
  },
  ...[990_000, 2_100_000].map((count) => ({
    name: `${String(count)} numbers as JSON to /v2/models/shapes/infer`,
    prepare: () => {
      const body = `{"inputs":[{"name":"input","datatype":"FP32","shape":[1,${String(count)}],"data":[${numbers(count)}]}]}`;
      return (target: Target) => send(target, '/v2/models/shapes/infer', body);
    },
  })),
  {
    name: '6 batches of 30 MB of base64 at once',
    prepare: () => {
      const data = randomBytes(2.25 * MEGABYTE).toString('base64');
      const body = JSON.stringify({
        model_id: 'shapes',
        inputs: Array.from({ length: 10 }, () => ({ type: 'image', data })),
      });
      return (target) => times(6, () => send(target, '/api/inference/batch', body));
    },
  },
  {
    name: 'a query of 15 KB of tags',
    prepare: () => (target) =>
      sendRaw(
        target,
        `GET /api/dataset?${'tags=&'.repeat(2500)} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${target.token}\r\nConnection: close\r\n\r\n`,
      ),
  },
];

const form = (images: number, bytes: number): FormData => {
  const data = new FormData();
  data.set('model_id', 'shapes');
  const image = new Blob([randomBytes(bytes)]);
  for (let at = 0; at < images; at += 1) data.append('files', image, `${String(at)}.jpg`);
  return data;
};

const head = (path: string, type: string, length: number, token = ''): string =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: a',
    `Authorization: Bearer ${token}`,
    `Content-Type: ${type}`,
    `Content-Length: ${String(length)}`,
    '',
    '',
  ].join('\r\n');
const FORM_TYPE = 'multipart/form-data; boundary=b';
const PART = '--b\r\nContent-Disposition: form-data; name="content"; filename="a.mp4"\r\n\r\n';

/** Bodies that are large, or never end. */
const bodies = (): Attack[] => [
  {
    name: '12 forms of 100 MB at once',
    prepare: () => {
      const data = form(10, 9.9 * MEGABYTE);
      return (target) => times(12, () => send(target, '/api/inference/batch', data));
    },
  },
  {
    name: '12 forms that stop after 50 MB',
    prepare: () => {
      const half = randomBytes(9 * MEGABYTE);
      return (target) =>
        times(12, () =>
          sendRaw(
            target,
            Buffer.concat([
              Buffer.from(`${head('/api/inference/batch', FORM_TYPE, 99 * MEGABYTE, target.token)}`),
              ...Array.from({ length: 5 }, () => [Buffer.from(`\r\n${PART}`), half]).flat(),
            ]),
          ),
        );
    },
  },
  {
    name: '200 sign-ins that never end',
    prepare: () => (target) =>
      times(200, () => sendRaw(target, `${head('/api/auth/login', 'application/json', 900)}{"email":"`)),
  },
  {
    name: '40 JSON bodies that stop after 10 MB',
    prepare: () => {
      const start = Buffer.from(
        `{"model_id":"shapes","input":{"type":"image","data":"${'A'.repeat(10 * MEGABYTE)}`,
      );
      return (target) =>
        times(40, () =>
          sendRaw(
            target,
            Buffer.concat([
              Buffer.from(head('/api/inference/execute', 'application/json', 13 * MEGABYTE, target.token)),
              start,
            ]),
          ),
        );
    },
  },
  {
    name: '40 JSON bodies of 60 MB without a token',
    prepare: () => {
      // One copy for all: a sender that copies gigabytes takes the machine's time from those whose answers are timed.
      const body = Buffer.alloc(60 * MEGABYTE, 'A');
      const start = Buffer.from(head('/api/inference/execute', 'application/json', body.length));
      const request = Buffer.concat([start, body]);
      return (target) => times(40, () => sendRaw(target, request));
    },
  },
  {
    name: '300 requests whose headers never end',
    // The time-out for headers is longer than an attack may take: connections are closed by the attacker.
    prepare: () => (target) =>
      times(300, () =>
        Promise.race([
          sendRaw(target, 'GET /livez HTTP/1.1\r\nHost: a\r\nX: '),
          new Promise<string>((resolve) => setTimeout(() => resolve('still open'), 10_000)),
        ]),
      ),
  },
];

const tinyChunks = (): Buffer =>
  Buffer.from(
    `POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(1e6)}0\r\n\r\n`,
  );

/** Bodies whose chunks are as small as they can be. */
const chunks = (): Attack[] =>
  [1, 6].map((count) => ({
    name: `${String(count)} x a sign-in of a million chunks of one byte`,
    prepare: () => {
      const request = tinyChunks();
      return (target: Target) => times(count, () => sendRaw(target, request));
    },
  }));

const UPGRADE =
  'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const TARGETS = ['//', '*', '\\\\', 'http://', 'http://[', '/%', '/ws?token=%', 'x:y', '/ws#//'];

const connections = (): Attack[] => [
  {
    name: 'upgrades and CONNECT for odd targets',
    prepare: () => async (target) =>
      tally(
        await Promise.all(
          TARGETS.flatMap((odd) =>
            ['GET', 'CONNECT'].map((method) => sendRaw(target, `${method} ${odd} HTTP/1.1\r\n${UPGRADE}`)),
          ),
        ),
      ),
  },
  {
    name: 'bytes that are no HTTP, 100 connections',
    prepare: () => (target) => times(100, () => sendRaw(target, randomBytes(2000))),
  },
  {
    name: '100 WebSockets with 1000 messages of nonsense each',
    prepare: () => {
      const messages = Array.from({ length: 1000 }, (_, at) =>
        at % 2 === 0 ? '['.repeat(15_000) : '{"type":"authenticate","token":"x"}',
      );
      return (target) => times(100, () => floodSocket(target, messages));
    },
  },
  {
    name: '10 WebSockets that subscribe 16 times a second and never read',
    prepare: () => (target) => {
      const message = JSON.stringify({ type: 'subscribe', jobId: randomUUID(), since: 0 });
      return times(10, () => frozenSocket(target, { message, everyMs: 500, atOnce: 8, times: 20 }));
    },
  },
  {
    name: '20 WebSockets with 100 000 empty continuation frames each',
    prepare: () => (target) => times(20, () => fragmentSocket(target, 100_000)),
  },
  {
    name: 'nonsense as notifications of the database',
    prepare: () => async (target) => {
      for (const channel of ['job_events', 'job_control']) {
        for (const payload of [
          '',
          'null',
          '{',
          '[[',
          '{"jobId":1}',
          '{"type":"cancel","jobId":"x"}',
          'x'.repeat(7000),
        ]) {
          await target.query('SELECT pg_notify($1, $2)', [channel, payload]);
        }
      }
      return 'sent';
    },
  },
  {
    name: '60 wrong sign-ins and 60 registrations at once',
    prepare: () => (target) =>
      times(120, (at) =>
        send(
          target,
          at % 2 === 0 ? '/api/auth/login' : '/api/auth/register',
          JSON.stringify({
            email: `a${String(at)}-${String(Date.now())}@example.com`,
            password: 'a good password',
          }),
        ),
      ),
  },
];

/** Every attack, in order. */
export const allAttacks = (): Attack[] => [
  ...connections(),
  ...bombs(),
  ...largest(),
  ...bodies(),
  ...chunks(),
  ...pipelinedAttacks(),
  ...mediaAttacks(),
];
