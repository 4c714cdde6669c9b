import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { S3Settings } from '../../src/storage/s3/s3-bucket.js';
import { S3_CREDENTIALS, signatureProblem } from './s3-signatures.js';

const PYTHON = process.env.INFERNODE_PYTHON ?? 'python3';

/** Whether there is a Python with moto, which emulates S3. */
export const hasMoto = (): boolean =>
  spawnSync(PYTHON, ['-c', 'import moto.server, flask'], { stdio: 'ignore' }).status === 0;

/** What a test may do to the requests of a store. */
interface S3Faults {
  /** Answers a request itself, or returns false. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Ends the connection after so many bytes of the next bodies of GET responses, one entry each. */
  cutAfter?: number[];
  /** Added to the clock that judges the age of signatures. */
  clockOffsetMs?: number;
}

/** A running S3 server that checks signatures, with an empty bucket. */
export interface S3Server {
  readonly settings: S3Settings;
  readonly faults: S3Faults;
  /** `METHOD path` of the requests so far. */
  readonly requests: string[];
  /** Environment of a process that uses the bucket. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const BUCKET = 'media';
const REGION = 'eu-central-1';

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function startMoto(): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort();
  const child = spawn(PYTHON, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      errors += text.toString();
      if (errors.includes('Running on')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`moto ended with ${String(code)}: ${errors}`)));
  });
  return { child, port };
}

/** Starts moto behind a proxy that checks every signature, which moto itself does not do. */
export async function startS3Server(prefix = 'tests/'): Promise<S3Server> {
  const { child, port } = await startMoto();
  const creation = await fetch(`http://127.0.0.1:${String(port)}/${BUCKET}`, {
    method: 'PUT',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=x/20300101/${REGION}/s3/aws4_request` },
    body: `<CreateBucketConfiguration><LocationConstraint>${REGION}</LocationConstraint></CreateBucketConfiguration>`,
  });
  if (!creation.ok) throw new Error(`moto created no bucket: ${await creation.text()}`);
  const faults: S3Faults = {};
  const requests: string[] = [];
  const gate = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (faults.intercept?.(request, response)) return;
    forward(request, response, { port, faults }).catch(() => response.destroy());
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const endpoint = `http://127.0.0.1:${String((gate.address() as AddressInfo).port)}`;
  const settings = {
    endpoint,
    region: REGION,
    bucket: BUCKET,
    prefix,
    forcePathStyle: true,
    credentials: S3_CREDENTIALS,
  };
  return {
    settings,
    faults,
    requests,
    environment: {
      STORAGE: 's3',
      S3_ENDPOINT: endpoint,
      S3_REGION: REGION,
      S3_BUCKET: BUCKET,
      S3_PREFIX: prefix,
      S3_FORCE_PATH_STYLE: 'true',
      S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    },
    close: () => close(gate, child),
  };
}

async function close(gate: Server, child: ChildProcess): Promise<void> {
  gate.closeAllConnections();
  gate.close();
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { port, faults }: { readonly port: number; readonly faults: S3Faults },
): Promise<void> {
  const { method = '', url = '', headers } = request;
  const body = await buffer(request);
  const now = new Date(Date.now() + (faults.clockOffsetMs ?? 0));
  const problem = signatureProblem({ method, target: url, headers, body }, now);
  if (problem) {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0"?><Error><Code>${problem}</Code><Message>${problem}</Message></Error>`);
    return;
  }
  const upstream = sendRequest({ host: '127.0.0.1', port, method, path: url, headers });
  upstream.end(body);
  const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
  const content = await buffer(answer);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  const cut = method === 'GET' && content.length > 0 ? faults.cutAfter?.shift() : undefined;
  if (cut === undefined) return void response.end(content);
  response.write(content.subarray(0, cut), () => response.destroy());
}
