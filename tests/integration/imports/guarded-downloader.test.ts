import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DownloadRequest } from '../../../src/domain/download.js';
import { GuardedDownloader, type GuardedDownloaderOptions } from '../../../src/net/guarded-downloader.js';

/** Longer than any of these transfers on a busy machine. */
const PATIENT_MS = 60_000;

let folder: string;
/** Counts connections to an address that must not be reached, and speaks HTTP to them. */
let sink: Server;
let sinkPort: number;
let reached = 0;

/** A server of a user at another address of loopback, which the tests declare public. */
let origin: Server;
let originPort: number;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const PUBLIC = '127.0.0.2';

async function listen(server: Server, host: string): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-download-'));
  sink = createServer((socket) => {
    reached += 1;
    socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret');
  });
  sinkPort = await listen(sink, '::');
  origin = createHttpServer((request, response) => answer(request, response));
  originPort = await listen(origin, PUBLIC);
});
afterAll(async () => {
  sink.close();
  origin.close();
  if ('closeAllConnections' in origin && typeof origin.closeAllConnections === 'function')
    origin.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

/** Names that the resolver under the tests' control knows; a list of lists answers one after the other. */
const NAMES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'public.test': [[PUBLIC]],
  'loopback.test': [['127.0.0.1']],
  'mixed.test': [[PUBLIC, '127.0.0.1']],
  'six.test': [['::1']],
  'metadata.test': [['169.254.169.254']],
  'mapped.test': [['::ffff:127.0.0.1']],
  'changing.test': [[PUBLIC], ['127.0.0.1']],
};

function resolver() {
  const asked = new Map<string, number>();
  return async (hostname: string): Promise<readonly string[]> => {
    const answers = NAMES[hostname] ?? [];
    const count = asked.get(hostname) ?? 0;
    asked.set(hostname, count + 1);
    return answers[Math.min(count, answers.length - 1)] ?? [];
  };
}

let files = 0;
const newTarget = (): string => path.join(folder, `file-${String((files += 1))}`);

function fetchFile(
  url: string,
  request: Partial<DownloadRequest> = {},
  options: Partial<GuardedDownloaderOptions> = {},
) {
  const downloader = new GuardedDownloader({
    allowPrivate: false,
    exceptions: new Set([PUBLIC]),
    timeoutMs: PATIENT_MS,
    retryMs: 1,
    resolve: resolver(),
    ...options,
  });
  const { signal } = new AbortController();
  return downloader.fetch({ url, target: newTarget(), maxBytes: 10_000_000, signal, ...request });
}

describe('addresses that an import must not reach', () => {
  beforeEach(() => {
    reached = 0;
  });

  const refused: readonly (readonly [what: string, url: (port: number) => string])[] = [
    ['loopback', (port) => `http://127.0.0.1:${port}/`],
    ['another address of loopback', (port) => `http://127.9.9.9:${port}/`],
    ['decimal', (port) => `http://2130706433:${port}/`],
    ['hexadecimal', (port) => `http://0x7f000001:${port}/`],
    ['hexadecimal parts', (port) => `http://0x7f.0x0.0x0.0x1:${port}/`],
    ['octal parts', (port) => `http://0177.0.0.01:${port}/`],
    ['octal', (port) => `http://017700000001:${port}/`],
    ['two parts', (port) => `http://127.1:${port}/`],
    ['three parts', (port) => `http://127.0.1:${port}/`],
    ['the unspecified address', (port) => `http://0.0.0.0:${port}/`],
    ['a short unspecified address', (port) => `http://0:${port}/`],
    ['digits of another script', (port) => `http://１２７.０.０.１:${port}/`],
    ['letters in circles', (port) => `http://①②⑦.⓪.⓪.①:${port}/`],
    ['ideographic full stops', (port) => `http://127。0。0。1:${port}/`],
    ['percent encoding', (port) => `http://%31%32%37.0.0.1:${port}/`],
    ['a trailing dot', (port) => `http://127.0.0.1.:${port}/`],
    ['a name with a trailing dot', (port) => `http://localhost.:${port}/`],
    ['localhost', (port) => `http://localhost:${port}/`],
    ['IPv6 loopback', (port) => `http://[::1]:${port}/`],
    ['the unspecified IPv6 address', (port) => `http://[::]:${port}/`],
    ['IPv4 mapped', (port) => `http://[::ffff:127.0.0.1]:${port}/`],
    ['IPv4 mapped in hexadecimal', (port) => `http://[::ffff:7f00:1]:${port}/`],
    ['IPv4 compatible', (port) => `http://[::127.0.0.1]:${port}/`],
    ['NAT64', (port) => `http://[64:ff9b::7f00:1]:${port}/`],
    ['local NAT64', (port) => `http://[64:ff9b:1::7f00:1]:${port}/`],
    ['6to4', (port) => `http://[2002:7f00:1::]:${port}/`],
    ['Teredo', (port) => `http://[2001:0:7f00:1::]:${port}/`],
    ['IPv6 link-local', (port) => `http://[fe80::1]:${port}/`],
    ['IPv6 unique-local', (port) => `http://[fd00::1]:${port}/`],
    ['metadata of clouds', () => 'http://169.254.169.254/latest/meta-data/'],
    ['metadata over IPv6', () => 'http://[fd00:ec2::254]/latest/meta-data/'],
    ['a private network', (port) => `http://10.0.0.1:${port}/`],
    ['carrier-grade NAT', (port) => `http://100.64.0.1:${port}/`],
    ['multicast', (port) => `http://224.0.0.1:${port}/`],
    ['broadcast', (port) => `http://255.255.255.255:${port}/`],
    ['a user name that looks like a host', (port) => `http://public.test@127.0.0.1:${port}/`],
    ['credentials', (port) => `http://user:secret@public.test:${port}/`],
    ['backslashes', (port) => `http:\\\\127.0.0.1:${port}\\@public.test/`],
    ['a tab in the host', (port) => `http://127.0.\t0.1:${port}/`],
    ['a name that resolves to loopback', (port) => `http://loopback.test:${port}/`],
    ['a name of which one address is loopback', (port) => `http://mixed.test:${port}/`],
    ['a name that resolves to IPv6 loopback', (port) => `http://six.test:${port}/`],
    ['a name that resolves to a mapped address', (port) => `http://mapped.test:${port}/`],
    ['a name that resolves to metadata', () => 'http://metadata.test/'],
    ['an internal port', () => 'http://public.test:22/'],
    ['the port of a mail server', () => 'http://public.test:25/'],
    ['file', () => 'file:///etc/passwd'],
    ['ftp', (port) => `ftp://127.0.0.1:${port}/x`],
    ['gopher', (port) => `gopher://127.0.0.1:${port}/_x`],
    ['data', () => 'data:text/plain,x'],
    ['no URL', (port) => `//127.0.0.1:${port}/`],
  ];

  it.each(refused)('refuses %s', async (_what, url) => {
    const result = fetchFile(url(sinkPort));
    await expect(result).rejects.toMatchObject({
      // The name of this machine is not known to the resolver.
      code: /localhost/.test(url(sinkPort)) ? 'IMPORT_UNREACHABLE' : 'IMPORT_URL_REFUSED',
    });
    expect(reached).toBe(0);
  });

  it.each(refused)('refuses a redirect to %s', async (what, url) => {
    answer = (_request, response) =>
      void response
        .writeHead(302, {
          location: encodeURI(url(sinkPort)).replaceAll('%25', '%').replace('%5B', '[').replace('%5D', ']'),
        })
        .end();
    const result = fetchFile(`http://public.test:${originPort}/start`);
    await expect(result).rejects.toMatchObject({
      code:
        what.includes('localhost') || what.includes('trailing dot')
          ? expect.stringMatching(/^IMPORT_/)
          : expect.stringMatching(/^IMPORT_(URL_REFUSED|STATUS|UNREACHABLE|INTERRUPTED)$/),
    });
    expect(reached).toBe(0);
  });

  it('connects to the address that it judged, however often the name changes', async () => {
    let requests = 0;
    answer = (_request, response) => {
      requests += 1;
      response.end('public');
    };
    const resolve = resolver();
    const target = newTarget();
    await fetchFile(`http://changing.test:${originPort}/`, { target }, { resolve });
    expect([requests, await readFile(target, 'utf8')]).toEqual([1, 'public']);
    // The next connection gets the other address, and judges it.
    const again = fetchFile(`http://changing.test:${sinkPort}/`, {}, { resolve });
    await expect(again).rejects.toMatchObject({ code: 'IMPORT_URL_REFUSED' });
    expect(reached).toBe(0);
  });

  it('judges every redirect of a chain and gives up an endless one', async () => {
    let hops = 0;
    answer = (_request, response) => {
      hops += 1;
      response.writeHead(307, { location: `/next-${String(hops)}` }).end();
    };
    const endless = fetchFile(`http://public.test:${originPort}/`);
    await expect(endless).rejects.toMatchObject({ code: 'IMPORT_STATUS' });
    expect(hops).toBe(6);
  });
});

describe('servers that serve badly', () => {
  const start = (): string => `http://public.test:${originPort}/file.bin`;
  const content = Buffer.from(Array.from({ length: 200_000 }, (_byte, index) => index % 251));
  const sha256 = createHash('sha256').update(content).digest('hex');

  it('fetches a file, and its digest', async () => {
    answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': content.length }).end(content);
    const target = newTarget();
    const sizes: (number | null)[] = [];
    const onSize = async (bytes: number | null) => void sizes.push(bytes);
    expect(await fetchFile(start(), { target, onSize })).toEqual({ bytes: content.length, sha256 });
    expect([await readFile(target), sizes]).toEqual([content, [content.length]]);
  });

  it('refuses compressed answers, which it never expands', async () => {
    let asked: string | undefined;
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    answer = ({ headers }, response) => {
      asked = headers['accept-encoding'];
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    };
    await expect(fetchFile(start())).rejects.toMatchObject({ code: 'IMPORT_ENCODED' });
    expect(asked).toBe('identity');
  });

  it('stops an endless body at the limit', async () => {
    let isClosed: Promise<unknown> = Promise.resolve();
    answer = (_request, response) => {
      isClosed = once(response, 'close');
      const send = (): void => {
        while (!response.destroyed && response.write(content));
      };
      response.on('drain', send);
      send();
    };
    await expect(fetchFile(start(), { maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
    });
    await isClosed;
  });

  it('refuses a declared size above the limit before it reads', async () => {
    answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': 20_000_000 }).write('x');
    await expect(fetchFile(start())).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
    answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': '1000000000000000' }).write('x');
    await expect(fetchFile(start())).rejects.toMatchObject({ code: 'FILE_TOO_LARGE' });
  });

  it('gives up a body that drips', async () => {
    const timers: NodeJS.Timeout[] = [];
    answer = (_request, response) => {
      timers.push(setInterval(() => response.write('x'), 5));
    };
    const result = fetchFile(start(), {}, { paceMs: 50, minBytesPerSecond: 1_000_000 });
    await expect(result).rejects.toMatchObject({ code: 'IMPORT_TIMEOUT' });
    timers.forEach(clearInterval);
  });

  it('gives up a server that accepts the connection and stays silent', async () => {
    answer = () => undefined;
    const result = fetchFile(start(), {}, { timeoutMs: 100 });
    await expect(result).rejects.toMatchObject({ code: 'IMPORT_TIMEOUT' });
  });

  it('gives up a server that always sends less than it declares', async () => {
    let requests = 0;
    answer = (_request, response) => {
      requests += 1;
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000), () => response.destroy());
    };
    await expect(fetchFile(start())).rejects.toMatchObject({ code: 'IMPORT_INTERRUPTED' });
    expect(requests).toBe(5);
  });

  it.each([404, 403, 401, 410, 204])('refuses an answer with status %i', async (status) => {
    answer = (_request, response) => void response.writeHead(status).end();
    await expect(fetchFile(start())).rejects.toMatchObject({ code: 'IMPORT_STATUS' });
  });

  /** Serves ranges, and breaks off after a portion. */
  function breakingServer(etagOf: (request: number) => string) {
    const ranges: (string | undefined)[] = [];
    answer = ({ headers }, response) => {
      const etag = etagOf(ranges.length);
      ranges.push(headers.range);
      const isSame = headers['if-range'] === etag;
      const from = isSame ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
      const rest = content.subarray(from);
      const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
      response.writeHead(from > 0 ? 206 : 200, {
        etag,
        'content-length': rest.length,
        ...(from > 0 && range),
      });
      if (rest.length <= 70_000) response.end(rest);
      else response.write(rest.subarray(0, 70_000), () => setImmediate(() => response.destroy()));
    };
    return ranges;
  }

  it('continues an interrupted transfer by ranges', async () => {
    const ranges = breakingServer(() => '"one"');
    const target = newTarget();
    expect(await fetchFile(start(), { target })).toEqual({ bytes: content.length, sha256 });
    expect(ranges.length).toBeGreaterThan(2);
    expect(ranges[0]).toBeUndefined();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('starts again when the file has changed meanwhile', async () => {
    breakingServer((request) => (request === 0 ? '"one"' : '"two"'));
    expect(await fetchFile(start())).toEqual({ bytes: content.length, sha256 });
  });

  it('continues what an earlier process left, and does not mix in a file of another URL', async () => {
    const target = newTarget();
    await writeFile(target, content.subarray(0, 150_000));
    await writeFile(
      `${target}.source`,
      JSON.stringify({ url: start(), validator: '"one"', total: content.length }),
    );
    const ranges = breakingServer(() => '"one"');
    expect(await fetchFile(start(), { target })).toEqual({ bytes: content.length, sha256 });
    expect(ranges).toEqual(['bytes=150000-']);
    await writeFile(target, 'other');
    const other = breakingServer(() => '"one"');
    expect(await fetchFile(`${start()}?2`, { target })).toEqual({ bytes: content.length, sha256 });
    expect(other[0]).toBeUndefined();
  });

  it('ends when it is cancelled', async () => {
    const cancelled = new AbortController();
    answer = (_request, response) => {
      response.write('x');
      cancelled.abort(new Error('cancelled'));
    };
    await expect(fetchFile(start(), { signal: cancelled.signal })).rejects.toThrow('cancelled');
  });
});
