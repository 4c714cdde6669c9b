import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors/app-error.js';
import { minimalEnvironment } from '../supervision/minimal-environment.js';
import { runProgram } from './program.js';

/** Where Debian and Ubuntu install each major version, next to the one on the search path. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';

/** A client program of PostgreSQL with the environment that connects it. */
export interface PostgresProgram {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
  readonly remedy: string;
}

/** A connection without the password on a command line: the variables of libpq. */
function connectionVariables(url: string): NodeJS.ProcessEnv {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const sslmode = searchParams.get('sslmode');
  return {
    PGHOST: decodeURIComponent(hostname) || (searchParams.get('host') ?? undefined),
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    ...(sslmode !== null && { PGSSLMODE: sslmode }),
  };
}

async function candidates(name: string): Promise<readonly string[]> {
  const versions = await readdir(DEBIAN_FOLDER).catch(() => []);
  return [name, ...versions.map((version) => path.join(DEBIAN_FOLDER, version, 'bin', name))];
}

/** The major version of one of PostgreSQL's programs; null when it cannot be run. */
export async function majorVersionOf(command: string): Promise<number | null> {
  try {
    const { output } = await runProgram({
      command,
      args: ['--version'],
      env: minimalEnvironment(),
      remedy: '',
    });
    const version = /\(PostgreSQL\) (\d+)/.exec(output)?.[1];
    return version === undefined ? null : Number(version);
  } catch {
    return null;
  }
}

/**
 * Finds a client program for a server: of its major version where there is one, else the oldest newer one, because
 * pg_dump refuses newer servers, and its archives need a server that is not older.
 * @throws AppError BACKUP_PROGRAM_MISSING
 */
export async function postgresProgram(
  name: 'pg_dump' | 'pg_restore',
  { url, majorVersion }: { readonly url: string | null; readonly majorVersion: number },
): Promise<PostgresProgram> {
  const remedy = `Install the client programs of PostgreSQL ${majorVersion}: "apt-get install postgresql-client-${majorVersion}" on Debian and Ubuntu.`;
  const found: { command: string; version: number }[] = [];
  for (const command of await candidates(name)) {
    const version = await majorVersionOf(command);
    if (version !== null && version >= majorVersion) found.push({ command, version });
  }
  found.sort((a, b) => a.version - b.version);
  if (found.length === 0) {
    throw new AppError('BACKUP_PROGRAM_MISSING', {
      message: `No ${name} of PostgreSQL ${majorVersion} or newer was found. ${remedy}`,
      details: { command: name, majorVersion },
    });
  }
  const variables = url === null ? {} : connectionVariables(url);
  const env = { ...minimalEnvironment(), LC_ALL: 'C', PGAPPNAME: 'infernode-backup', ...variables };
  return { command: found[0].command, env, remedy };
}
