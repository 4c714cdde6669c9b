import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A running nginx. */
export interface Nginx {
  readonly url: string;
  /** Everything that it logged so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Where nginx listens, and the ports of the api processes that it balances. */
export interface NginxPorts {
  readonly listen: number;
  readonly apis: readonly number[];
}

const SOURCE = path.resolve('deploy', 'nginx');
/** Where Debian installs it, which is in the path of root alone. */
const PROGRAMS = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx'];
const PROGRAM = PROGRAMS.find((program) => spawnSync(program, ['-v']).status === 0);
/** Account without any rights, for a nginx that root starts. */
const NOBODY = 65_534;

/** The tests of several instances have nothing to run on where the program is missing. */
export const hasNginx = PROGRAM !== undefined;

function replaced(text: string, [from, to]: readonly [string, string]): string {
  if (!text.includes(from)) throw new Error(`deploy/nginx does not contain ${from}.`);
  return text.replaceAll(from, to);
}

/** The configuration of the product with only its addresses, and the folders of nginx, changed. */
async function writeConfiguration(folder: string, { listen, apis }: NginxPorts): Promise<void> {
  const servers = apis.map((port, index) => [`api-${index + 1}:3000`, `127.0.0.1:${port}`] as const);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${path.join(folder, name)};`,
  );
  const changes: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'nginx.conf': [['http {', `pid ${path.join(folder, 'nginx.pid')};\nhttp {\n${temporary.join('\n')}`]],
    'infernode.conf': [['listen 80;', `listen 127.0.0.1:${listen};`]],
    'upstreams.conf': servers,
    'instances.conf': servers,
  };
  for (const name of await readdir(SOURCE)) {
    const text = await readFile(path.join(SOURCE, name), 'utf8');
    const file = path.join(folder, name);
    await writeFile(file, (changes[name] ?? []).reduce(replaced, text));
    // Whatever the umask, nginx reads it with another account.
    await chmod(file, 0o644);
  }
}

/**
 * Starts nginx with the configuration of `deploy/nginx` on the loopback, without privileges, and waits until it listens.
 * @param folder a folder of its own, which is created
 */
export async function startNginx(folder: string, ports: NginxPorts): Promise<Nginx> {
  if (PROGRAM === undefined) throw new Error('nginx is not installed.');
  await mkdir(folder, { recursive: true });
  await writeConfiguration(folder, ports);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(folder, NOBODY, NOBODY);
  const flags = ['-p', folder, '-e', 'stderr', '-c', path.join(folder, 'nginx.conf'), '-g', 'daemon off;'];
  const child = spawn(PROGRAM, flags, {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exited = once(child, 'close');
  const url = `http://127.0.0.1:${ports.listen}`;
  // Any answer will do, also that no api responds.
  while (!(await fetch(url).catch(() => null))) {
    if (child.exitCode !== null) throw new Error(`nginx has ended:\n${output}`);
    await delay(20);
  }
  return {
    url,
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
