import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { S3Settings } from '../../src/storage/s3/s3-bucket.js';
import { freePort } from './free-port.js';
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

/** A running S3 server that checks signatures, with an empty folder in its bucket. */
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

/** A running moto, which checks no signatures. */
export interface Moto {
  readonly port: number;
  close(): Promise<void>;
}

/** Path of the broker's URL that answers with the port of the moto of the test run. */
export const MOTO_PATH = '/moto';

/** Starts moto with an empty bucket. */
export async function startMoto(): Promise<Moto> {
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
  const creation = await fetch(`http://127.0.0.1:${String(port)}/${BUCKET}`, {
    method: 'PUT',
    headers: { authorization: `AWS4-HMAC-SHA256 Credential=x/20300101/${REGION}/s3/aws4_request` },
    body: `<CreateBucketConfiguration><LocationConstraint>${REGION}</LocationConstraint></CreateBucketConfiguration>`,
  });
  if (!creation.ok) throw new Error(`moto created no bucket: ${await creation.text()}`);
  return { port, close: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The moto that the tests of a run share, or one of its own outside of Jest. */
async function findMoto(): Promise<Moto> {
  const broker = process.env.INFERNODE_TEST_DATABASE_BROKER;
  if (broker === undefined) return startMoto();
  const answer = await fetch(new URL(MOTO_PATH, broker));
  if (!answer.ok) throw new Error(`moto does not run: ${await answer.text()}`);
  const { port } = (await answer.json()) as Pick<Moto, 'port'>;
  return { port, close: () => Promise.resolve() };
}

/** Variables of the environment for these settings. */
const s3Environment = ({
  endpoint = '',
  region,
  bucket,
  prefix,
  credentials = S3_CREDENTIALS,
}: S3Settings): Readonly<Record<string, string>> => ({
  STORAGE: 's3',
  S3_ENDPOINT: endpoint,
  S3_REGION: region,
  S3_BUCKET: bucket,
  S3_PREFIX: prefix,
  S3_FORCE_PATH_STYLE: 'true',
  S3_ACCESS_KEY_ID: credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
});

/**
 * Opens moto behind a proxy that checks every signature, which moto itself does not do.
 * @param prefix start of the keys; another one for each call by default
 */
export async function startS3Server(prefix = `tests/${randomUUID()}/`): Promise<S3Server> {
  const moto = await findMoto();
  const { port } = moto;
  const faults: S3Faults = {};
  const requests: string[] = [];
  const gate = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (faults.intercept?.(request, response)) return;
    forward(request, response, { port, faults }).catch(() => response.destroy());
  });
  // It may outlive the tests of a process.
  gate.listen(0, '127.0.0.1').unref();
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
    environment: s3Environment(settings),
    close: () => close(gate, moto),
  };
}

async function close(gate: Server, moto: Moto): Promise<void> {
  gate.closeAllConnections();
  gate.close();
  await moto.close();
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
  // What was written arrives, unlike after `destroy`.
  response.write(content.subarray(0, cut), () => response.socket?.destroySoon());
}
