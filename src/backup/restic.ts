import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import { MANIFEST_FILE, manifestSchema, STAGING_NAME, type Manifest } from './manifest.js';
import { lastMessages, runProgram, type ProgramEnd } from './program.js';

/** Tag of the product's snapshots; others in the same repository are left alone. */
const TAG = 'infernode';
const REMEDY =
  'Install restic 0.14 or newer: "apt-get install restic" on Debian and Ubuntu, https://restic.readthedocs.io elsewhere.';

const snapshotSchema = z.object({
  id: z.string(),
  short_id: z.string(),
  time: z.string(),
  hostname: z.string(),
  paths: z.array(z.string()),
});

/** A snapshot of the repository. */
export type Snapshot = z.infer<typeof snapshotSchema>;

const statusSchema = z.object({
  message_type: z.literal('status'),
  percent_done: z.number(),
  total_bytes: z.number().optional(),
});
const summarySchema = z.object({
  message_type: z.literal('summary'),
  snapshot_id: z.string(),
  data_added: z.number(),
  total_files_processed: z.number(),
  total_bytes_processed: z.number(),
});

/** What a backup added. */
export interface BackupSummary {
  readonly snapshotId: string;
  /** Bytes that the repository did not have. */
  readonly addedBytes: number;
  readonly files: number;
  readonly bytes: number;
  /** Messages about files that could not be read; '' when all could. */
  readonly unread: string;
}

const nodeSchema = z.object({
  struct_type: z.literal('node'),
  path: z.string(),
  type: z.string(),
  size: z.number().default(0),
});

/** A file or folder of a snapshot. */
export type SnapshotNode = z.infer<typeof nodeSchema>;

/** How many snapshots to keep, by age. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** Parses a line of JSON; null when it does not match. */
function parsed<Value>(schema: z.ZodType<Value>, line: string): Value | null {
  try {
    return schema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** Patterns of restic are globs. */
const literal = (name: string): string => name.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);

/** The program restic on one repository. */
export class Restic {
  readonly #env: NodeJS.ProcessEnv;
  readonly #repository: string;

  /** @param env contains repository, password and credentials, so that none of them is an argument */
  constructor(env: NodeJS.ProcessEnv, repository: string) {
    this.#env = env;
    this.#repository = repository;
  }

  async init(): Promise<void> {
    await this.#run(['init']);
  }

  /** The product's snapshots, oldest first. */
  async snapshots(): Promise<readonly Snapshot[]> {
    const { output } = await this.#run(['snapshots', '--json', '--tag', TAG]);
    const found = z.array(snapshotSchema).nullable().parse(JSON.parse(output)) ?? [];
    return found.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  }

  /**
   * The snapshot with this id, or an unambiguous beginning of it; the newest for 'latest'.
   * @throws AppError BACKUP_NOT_FOUND
   */
  async snapshot(id: string): Promise<Snapshot> {
    const all = await this.snapshots();
    const matching = id === 'latest' ? all.slice(-1) : all.filter((one) => one.id.startsWith(id));
    if (matching.length === 1) return matching[0];
    const message =
      all.length === 0
        ? 'The repository has no snapshot of InferNode yet.'
        : `${matching.length === 0 ? 'No' : 'More than one'} snapshot has the id "${id}".`;
    throw new AppError('BACKUP_NOT_FOUND', { message, details: { snapshot: id } });
  }

  /** Stores the paths as a new snapshot. */
  async backup(
    paths: readonly string[],
    { excludes, onProgress }: { excludes: readonly string[]; onProgress: (share: number) => void },
  ): Promise<BackupSummary> {
    // Locks of processes that do not exist any more would refuse the removal of old snapshots.
    await this.#run(['unlock']);
    const before = (await this.snapshots()).findLast((one) => paths.every((it) => one.paths.includes(it)));
    let summary: z.infer<typeof summarySchema> | null = null;
    const end = await this.#run(
      [
        ...['backup', '--json', '--tag', TAG],
        ...(before ? ['--parent', before.id] : []),
        ...excludes.flatMap((pattern) => ['--exclude', pattern]),
        ...['--', ...paths],
      ],
      {
        // Status 3: some files could not be read.
        accepted: [0, 3],
        onLine: (line) => {
          const status = parsed(statusSchema, line);
          if (status) onProgress(status.percent_done);
          summary ??= parsed(summarySchema, line);
        },
      },
    );
    const found = summary as z.infer<typeof summarySchema> | null;
    if (!found) throw this.#failure(end);
    return {
      snapshotId: found.snapshot_id,
      addedBytes: found.data_added,
      files: found.total_files_processed,
      bytes: found.total_bytes_processed,
      unread: end.status === 3 ? lastMessages(end) : '',
    };
  }

  /** Reads the manifest of a snapshot. */
  async manifest({ id, short_id, paths }: Snapshot): Promise<Manifest> {
    const staging = paths.find((one) => path.basename(one) === STAGING_NAME);
    const { output } = await this.#run(['dump', id, path.join(staging ?? `/${STAGING_NAME}`, MANIFEST_FILE)]);
    const manifest = parsed(manifestSchema, output);
    if (manifest) return manifest;
    throw new AppError('BACKUP_NOT_FOUND', {
      message: `Snapshot ${short_id} was made by another version of InferNode, or by another program.`,
    });
  }

  /** Visits the files and folders of a snapshot at `paths` and below. */
  async list(id: string, paths: readonly string[], visit: (node: SnapshotNode) => void): Promise<void> {
    await this.#run(['ls', '--json', '--recursive', id, ...paths], {
      onLine: (line) => {
        const node = parsed(nodeSchema, line);
        if (node) visit(node);
      },
    });
  }

  /** Restores `source` of a snapshot to `<target>/<source>`; reads it again and compares it when `verify` is set. */
  async restore(id: string, { source, target, verify }: { source: string; target: string; verify: boolean }) {
    await this.#run([
      ...['restore', id, '--target', target, '--include', literal(source)],
      ...(verify ? ['--verify'] : []),
    ]);
  }

  async check(readData: boolean): Promise<string> {
    return (await this.#run(['check', ...(readData ? ['--read-data'] : [])])).output;
  }

  /** Removes a snapshot of a backup that failed. */
  async forget(id: string): Promise<void> {
    await this.#run(['forget', id]);
  }

  /** Removes older snapshots, and data that none needs any more. */
  async prune({ daily, weekly, monthly }: Retention): Promise<string> {
    await this.#run(['unlock']);
    const keep = { daily, weekly, monthly };
    const rules = Object.entries(keep).flatMap(([age, count]) =>
      count > 0 ? [`--keep-${age}`, String(count)] : [],
    );
    return (await this.#run(['forget', '--tag', TAG, '--group-by', 'tags', '--prune', ...rules])).output;
  }

  async #run(
    args: readonly string[],
    { accepted = [0], onLine }: { accepted?: readonly number[]; onLine?: (line: string) => void } = {},
  ): Promise<ProgramEnd> {
    const end = await runProgram({ command: 'restic', args, env: this.#env, remedy: REMEDY, onLine });
    if (end.status !== null && accepted.includes(end.status)) return end;
    throw this.#failure(end);
  }

  #failure(end: ProgramEnd): AppError {
    const said = lastMessages(end);
    const unusable = (message: string) => new AppError('BACKUP_REPOSITORY_UNUSABLE', { message });
    if (/wrong password/.test(end.messages)) {
      return unusable(`BACKUP_PASSWORD is not the password of the repository ${this.#repository}.`);
    }
    if (/config file already exists|already initialized/.test(end.messages)) {
      return unusable(`The repository ${this.#repository} exists already.`);
    }
    if (/Is there a repository at|repository does not exist|unable to open config file/.test(end.messages)) {
      return unusable(
        `There is no repository at ${this.#repository}, or it cannot be reached; "npm run backup -- init" creates it. restic: ${said}`,
      );
    }
    return new AppError('BACKUP_FAILED', { message: `restic failed: ${said}` });
  }
}
