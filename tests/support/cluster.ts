import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { keySettings } from './database.js';
import { freePort } from './free-port.js';
import { startNginx, type Nginx } from './nginx.js';
import type { RedisServer } from './redis-server.js';
import { runEntry, type RunningEntry } from './run-entry.js';
import { storageEnvironment } from './test-storage.js';

/** What a {@link Cluster} runs on. */
export interface ClusterOptions {
  /** Data folder of all processes. */
  readonly folder: string;
  /** An empty database; the cluster migrates it. */
  readonly databaseUrl: string;
  /** The queue, and events of remote control, are on it; on PostgreSQL without one. */
  readonly redis?: RedisServer;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Number of an api process or worker: the first or the second. */
export type Member = 0 | 1;

const MEMBERS: readonly Member[] = [0, 1];
const ADMIN = { email: 'admin@example.com', password: 'admin password' };

/**
 * Two api processes and two workers behind nginx, as `deploy/compose.scale.yml` runs them, as processes of their own on
 * the loopback.
 */
export class Cluster {
  readonly admin = ADMIN;
  readonly #options: ClusterOptions;
  readonly #nginx: Nginx;
  readonly #ports: readonly number[];
  readonly #apis: RunningEntry[] = [];
  readonly #workers: RunningEntry[] = [];
  readonly #ended: RunningEntry[] = [];

  private constructor(options: ClusterOptions, nginx: Nginx, ports: readonly number[]) {
    this.#options = options;
    this.#nginx = nginx;
    this.#ports = ports;
  }

  /** Migrates the database, starts everything and waits until all of it serves. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const apis = [await freePort(), await freePort()];
    await mkdir(path.join(options.folder, 'temp'), { recursive: true });
    // Whatever the umask, nginx passes it with another account.
    await chmod(options.folder, 0o755);
    const nginx = await startNginx(path.join(options.folder, 'nginx'), { listen: await freePort(), apis });
    const settings = {
      ...(await keySettings(path.join(options.folder, 'keys'))),
      ...(await storageEnvironment(options.folder)),
      ...options.settings,
    };
    const cluster = new Cluster({ ...options, settings }, nginx, apis);
    await cluster.#migrate();
    // One after the other: the first one creates the admin account, and keys outside of Jest.
    for (const member of MEMBERS) await cluster.startApi(member);
    await Promise.all(MEMBERS.map((member) => cluster.startWorker(member)));
    return cluster;
  }

  /** URL of nginx, which chooses a process for each request. */
  get url(): string {
    return this.#nginx.url;
  }

  /** URL of one api process, through nginx. */
  instance(member: Member): string {
    return `${this.#nginx.url}/instance-${member + 1}`;
  }

  api(member: Member): RunningEntry {
    return this.#apis[member];
  }

  worker(member: Member): RunningEntry {
    return this.#workers[member];
  }

  async startApi(member: Member): Promise<void> {
    const { settings } = this.#options;
    this.#apis[member] = runEntry('api', {
      ...this.#settings(`api-${member + 1}`),
      PORT: String(this.#ports[member]),
      TRUST_PROXY: '1',
      INSTANCE_URL: this.instance(member),
      ...settings,
    });
    await this.#apis[member].says('The api serves.');
  }

  async startWorker(member: Member): Promise<void> {
    this.#workers[member] = runEntry('worker', {
      ...this.#settings(`worker-${member + 1}`),
      ...this.#options.settings,
    });
    await this.#workers[member].says('The worker is ready.');
  }

  /** Ends a process and waits for its end. @returns exit code, or the signal's name */
  async end(entry: RunningEntry, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string> {
    this.#ended.push(entry);
    entry.process.kill(signal);
    return entry.exited;
  }

  /** Replaces an api process, as a new version would be installed. @returns how the old one ended */
  async restartApi(member: Member): Promise<number | string> {
    const how = await this.end(this.#apis[member]);
    await this.startApi(member);
    return how;
  }

  /** Replaces a worker. @returns how the old one ended */
  async restartWorker(member: Member): Promise<number | string> {
    const how = await this.end(this.#workers[member]);
    await this.startWorker(member);
    return how;
  }

  /** What all processes logged, those that have ended included. */
  output(): string {
    return [...new Set([...this.#ended, ...this.#apis, ...this.#workers])]
      .map((entry) => entry.output())
      .concat(this.#nginx.output())
      .join('\n');
  }

  async close(): Promise<void> {
    const running = [...this.#workers, ...this.#apis].filter(({ process }) => process.exitCode === null);
    await Promise.all(running.map((entry) => this.end(entry)));
    await this.#nginx.stop();
  }

  async #migrate(): Promise<void> {
    const migration = runEntry('migrate', this.#settings('migrate'));
    if ((await migration.exited) !== 0) throw new Error(`The migration failed:\n${migration.output()}`);
  }

  #settings(name: string): Record<string, string> {
    const { folder, databaseUrl, redis } = this.#options;
    return {
      HOST: '127.0.0.1',
      DATABASE_URL: databaseUrl,
      DB_POOL_MAX: '5',
      DATA_DIR: path.join(folder, 'data'),
      LOG_DIR: path.join(folder, 'logs', name),
      TMPDIR: path.join(folder, 'temp'),
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      INFERENCE_DEVICE: 'cpu',
      QUEUE_BACKEND: redis ? 'redis' : 'postgres',
      ...(redis && { REDIS_HOST: redis.host, REDIS_PORT: String(redis.port) }),
    };
  }
}
