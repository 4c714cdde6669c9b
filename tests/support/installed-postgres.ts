import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.js';
import type { PostgresServer } from './postgres-server.js';

/** Where Debian and Ubuntu install PostgreSQL, one folder for each major version. */
const FOLDER = '/usr/lib/postgresql';
const PASSWORD = 'password of the server';

/** Folder with the programs of an installed PostgreSQL, server and clients; null where there is none. */
export function installedPostgres(): string | null {
  let versions: string[];
  try {
    versions = readdirSync(FOLDER);
  } catch {
    return null;
  }
  const folders = versions
    .toSorted((one, other) => Number(other) - Number(one))
    .map((name) => path.join(FOLDER, name, 'bin'));
  return (
    folders.find((folder) => {
      try {
        for (const name of ['initdb', 'postgres', 'pg_dump', 'pg_restore'])
          accessSync(path.join(folder, name));
        return true;
      } catch {
        return false;
      }
    }) ?? null
  );
}

/** PostgreSQL refuses to run as root, for whom Debian has an account of it. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const numberOf = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim());
  return { uid: numberOf('-u'), gid: numberOf('-g') };
}

/** Starts the installed PostgreSQL at `programs` on a free port, with a cluster of its own. */
export async function startInstalledPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'infernode-external-'));
  const owner = account();
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  if (owner) for (const place of [folder, passwordFile]) chownSync(place, owner.uid, owner.gid);
  const data = path.join(folder, 'data');
  const creation = spawnSync(
    path.join(programs, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'infernode',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--no-sync',
    ],
    { ...owner, cwd: folder, encoding: 'utf8' },
  );
  if (creation.status !== 0) throw new Error(`initdb failed: ${creation.stderr}`);
  const port = await freePort();
  const options = ['-F', '-h', '127.0.0.1', '-p', String(port), '-k', folder];
  const server = spawn(path.join(programs, 'postgres'), ['-D', data, ...options], {
    ...owner,
    cwd: folder,
    stdio: 'ignore',
  });
  const exited = once(server, 'exit');
  const adminUrl = `postgres://infernode:${encodeURIComponent(PASSWORD)}@127.0.0.1:${String(port)}/postgres`;
  await untilConnected(adminUrl, () => server.exitCode !== null);
  return {
    adminUrl,
    stop: async () => {
      server.kill('SIGINT');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilConnected(url: string, hasEnded: () => boolean): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (hasEnded()) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
