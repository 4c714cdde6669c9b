import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '..', '..');
const peerFolder = path.join(root, 'benchmarks', 'peers', 'classification');
const READY_MS = 60_000;

/** Python interpreter of the peer, with the packages of its requirements.txt. */
const python = (): string => {
  const chosen = process.env.BENCH_PYTHON ?? 'python3';
  return chosen.includes(path.sep) ? path.resolve(chosen) : chosen;
};

/**
 * Creates a models folder with our classifier and a ResNet-18 with random weights.
 * @throws Error with instructions when the packages of the peer are missing
 */
export async function prepareNetworks(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await cp(path.join(root, 'models', 'shapes'), path.join(folder, 'shapes'), { recursive: true });
  try {
    await run(python(), ['-c', 'import fastapi, uvicorn, uvloop, httptools, PIL, onnxruntime, onnx']);
  } catch {
    const file = 'benchmarks/peers/classification/README.md';
    throw new Error(`${python()} lacks packages of the Python server; see ${file}.`);
  }
  await run(python(), [path.join(peerFolder, 'resnet18.py'), folder]);
}

/** The running Python server. */
export interface Peer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the Python server with the given number of worker processes, one inference thread each. */
export async function startPeer(models: string, workers: number): Promise<Peer> {
  const port = await freePort();
  const options = [
    '--workers',
    String(workers),
    // The pure Python parser writes responses in two parts, and a client waits 40 ms for the second.
    '--loop',
    'uvloop',
    '--http',
    'httptools',
    '--port',
    String(port),
    '--log-level',
    'warning',
    '--no-access-log',
  ];
  const child = spawn(python(), ['-m', 'uvicorn', 'server:app', ...options], {
    cwd: peerFolder,
    env: { ...process.env, MODELS_DIR: models, OMP_NUM_THREADS: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/health`, child);
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const there = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (there) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  child.kill('SIGKILL');
  throw new Error('The Python server did not start.');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
