import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { HEAP_ARGUMENTS } from '../../src/supervision/child-process.js';
import { bundledModule } from '../../src/supervision/bundled-module.js';

/** Entry points of the product, compiled. */
const ENTRIES = {
  stack: ['src', 'stack.js'],
  api: ['src', 'server.js'],
  worker: ['src', 'workers', 'main.js'],
  migrate: ['scripts', 'migrate.js'],
  demo: ['scripts', 'demo.js'],
} as const;

/** A process of the product under test. */
export interface RunningEntry {
  readonly process: ChildProcess;
  /** Everything that it wrote so far. */
  output(): string;
  /** Resolves when it has written `text`; rejects when it ends before. */
  says(text: string | RegExp): Promise<void>;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
}

/** Starts an entry with these settings and nothing of the caller's but its PATH. */
export function runEntry(
  name: keyof typeof ENTRIES,
  settings: Readonly<Record<string, string>>,
): RunningEntry {
  const program = [...HEAP_ARGUMENTS, bundledModule(path.resolve('dist', ...ENTRIES[name]))];
  const child = spawn(process.execPath, program, {
    env: { PATH: process.env.PATH, BCRYPT_SALT_ROUNDS: '4', NODE_ENV: 'development', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const readers = new Set<() => void>();
  const read = (chunk: Buffer) => {
    output += chunk.toString('utf8');
    for (const reader of readers) reader();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  return {
    process: child,
    output: () => output,
    exited,
    says: (text) =>
      new Promise<void>((resolve, reject) => {
        const reader = () => {
          if (!(typeof text === 'string' ? output.includes(text) : text.test(output))) return;
          readers.delete(reader);
          resolve();
        };
        readers.add(reader);
        reader();
        void exited.then((how) => reject(new Error(`${name} ended (${how}) without saying it:\n${output}`)));
      }),
  };
}
