import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { keySettings } from './database.js';
import { storageEnvironment } from './test-storage.js';

/** The product's own stack in processes of its own, as `npm start` runs it. */
export interface RunningStack {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it wrote so far. */
  output(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  /** Process ids of the stack's children by role. */
  children(): { readonly api: number[]; readonly worker: number[]; readonly postgres: number[] };
  /** One query on its database. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
}

const entry = path.resolve('dist', 'src', 'stack.js');

/** Pids below `pid` whose command line holds `text`. */
export function descendants(pid: number, text = ''): number[] {
  const rows = spawnSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, own, parent, args]) => ({ pid: Number(own), parent: Number(parent), args }));
  const found: number[] = [];
  const visit = (parent: number) => {
    for (const row of rows.filter((candidate) => candidate.parent === parent)) {
      if (row.args.includes(text)) found.push(row.pid);
      visit(row.pid);
    }
  };
  visit(pid);
  return found;
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a temporary folder for a stack's data. It is open to all: under a private one root's PostgreSQL would keep its
 * cluster in a system folder, which the caller's clean-up would not find.
 */
export async function makeStackFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), prefix));
  await chmod(folder, 0o755);
  return folder;
}

/**
 * Starts the stack on `dataDirectory` with a free port and waits until it serves.
 * @param extra settings; with `DATABASE_URL` there is no embedded database, whose making takes longer than the rest
 * @param spawned receives the process before it serves
 */
export async function startRunningStack(
  dataDirectory: string,
  extra: Readonly<Record<string, string>> = {},
  spawned: (child: ChildProcess) => void = () => undefined,
): Promise<RunningStack> {
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    DATA_DIR: dataDirectory,
    PORT: '0',
    ...(await keySettings(path.join(dataDirectory, 'keys'))),
    ADMIN_EMAIL: 'admin@example.com',
    ADMIN_PASSWORD: 'admin password',
    BCRYPT_SALT_ROUNDS: '4',
    RATE_LIMIT_PER_MINUTE: '0',
    PREVIEWS: 'none',
    ...(await storageEnvironment(dataDirectory)),
    ...extra,
  };
  const child = spawn(process.execPath, [entry], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  spawned(child);
  let output = '';
  const exited = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8');
      const ready = /InferNode is ready: (\S+)/.exec(output);
      if (ready) resolve(ready[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then((how) => reject(new Error(`the stack ended (${how}):\n${output}`)));
  });
  const pid = child.pid ?? -1;
  return {
    url,
    process: child,
    exited,
    output: () => output,
    children: () => ({
      api: descendants(pid, path.join('src', 'server.js')),
      worker: descendants(pid, path.join('workers', 'main.js')),
      postgres: descendants(pid, 'bin/postgres'),
    }),
    async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []) {
      const embedded = path.join(dataDirectory, 'postgres.json');
      const connectionString =
        extra.DATABASE_URL ?? (JSON.parse(readFileSync(embedded, 'utf8')) as { url: string }).url;
      const client = new pg.Client({ connectionString });
      await client.connect();
      try {
        return (await client.query<Row>(sql, values)).rows;
      } finally {
        await client.end();
      }
    },
  };
}
