import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { sendDownload } from '../../../src/middlewares/download.js';
import { sendProblem } from '../../../src/middlewares/error-handler.js';

const CONTENT = Buffer.from('0123456789');
const ETAG = '"5d41"';
const MODIFIED = new Date('2026-03-01T12:00:00Z');

async function* read({ start, end } = { start: 0, end: CONTENT.length - 1 }) {
  yield CONTENT.subarray(start, end + 1);
}

let server: Server;
let origin: string;

beforeAll(async () => {
  const app = express();
  app.get('/:filename', (request, response, next) => {
    const { filename } = request.params;
    const file = { bytes: CONTENT.length, etag: ETAG, modified: MODIFIED, type: 'image/png', filename, read };
    sendDownload(request, response, { ...file, inline: request.query.inline !== undefined }).catch(next);
  });
  app.use(
    (error: unknown, request: express.Request, response: express.Response, _next: express.NextFunction) =>
      sendProblem(error, request, response),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function get(headers: Record<string, string>, path = '/file.png') {
  const response = await fetch(`${origin}${path}`, { headers });
  const body = await response.text();
  return {
    status: response.status,
    range: response.headers.get('content-range'),
    disposition: response.headers.get('content-disposition'),
    body,
  };
}

describe('a download', () => {
  // RFC 9110 14.1.1, 14.1.2 and 14.2.
  it.each([
    ['the first bytes', 'bytes=0-4', 'bytes 0-4/10', '01234'],
    ['from a byte on', 'bytes=7-', 'bytes 7-9/10', '789'],
    ['more than there is', 'bytes=7-99', 'bytes 7-9/10', '789'],
    ['the last bytes', 'bytes=-3', 'bytes 7-9/10', '789'],
    ['more last bytes than there are', 'bytes=-99', 'bytes 0-9/10', '0123456789'],
  ])('is cut to a range of %s', async (_name, range, contentRange, body) => {
    expect(await get({ range })).toMatchObject({ status: 206, range: contentRange, body });
  });

  it.each([
    ['several ranges', 'bytes=0-1,3-4'],
    ['another unit', 'lines=0-1'],
    ['a last byte before the first', 'bytes=5-2'],
    ['no numbers', 'bytes=a-b'],
    ['nothing', 'bytes=-'],
  ])('is whole for a range of %s', async (_name, range) => {
    expect(await get({ range })).toMatchObject({ status: 200, range: null, body: '0123456789' });
  });

  it.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('refuses the range %s with the size', async (range) => {
    const answer = await get({ range });
    expect(answer).toMatchObject({ status: 416, range: 'bytes */10' });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE' });
  });

  it('ignores the range where the file is another one than the client has', async () => {
    const range = 'bytes=0-1';
    expect(await get({ range, 'if-range': ETAG })).toMatchObject({ status: 206 });
    expect(await get({ range, 'if-range': '"other"' })).toMatchObject({ status: 200, body: '0123456789' });
  });

  it.each([
    ['its tag', { 'if-none-match': ETAG }, 304],
    ['its tag, weakly', { 'if-none-match': `W/${ETAG}` }, 304],
    ['one of several tags', { 'if-none-match': `"a", ${ETAG}` }, 304],
    ['any tag', { 'if-none-match': '*' }, 304],
    ['another tag', { 'if-none-match': '"a"' }, 200],
    ['another tag and a later time', { 'if-none-match': '"a"', 'if-modified-since': laterBy(1) }, 200],
    ['its time', { 'if-modified-since': laterBy(0) }, 304],
    ['an earlier time', { 'if-modified-since': laterBy(-1) }, 200],
  ])('is sent again only when it changed: client with %s', async (_name, headers, status) => {
    // As browsers' and Node's fetch does, which adds Cache-Control: no-cache to conditions.
    expect(await get(headers)).toMatchObject({ status, body: status === 304 ? '' : '0123456789' });
  });

  it('keeps its name in any script, and is shown in place on demand', async () => {
    const name = encodeURIComponent('Möwe "1".png');
    expect((await get({}, `/${name}`)).disposition).toBe(
      `attachment; filename="M?we \\"1\\".png"; filename*=UTF-8''M%C3%B6we%20%221%22.png`,
    );
    expect((await get({}, '/a.png?inline')).disposition).toBe('inline; filename=a.png');
  });
});

function laterBy(seconds: number): string {
  return new Date(MODIFIED.getTime() + 1000 * seconds).toUTCString();
}
