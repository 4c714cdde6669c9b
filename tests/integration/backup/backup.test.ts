import { readFileSync } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { ApiClient } from '../../../scripts/demo/api-client.js';
import { renderTestClip } from '../../factories/videos/render-clip.js';
import { hasRestic, runBackup, runWith } from '../../support/backup-command.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../../support/running-stack.js';

const FRAMES = 12;
/** Another file system than that of temporary files on most machines. */
const SHARED_MEMORY = '/dev/shm';
const PASSWORD = 'password of the repository';

let folder: string;
let clip: string;

/** Settings of an installation in a folder of its own. */
const settingsOf = (name: string) => {
  const data = path.join(folder, name);
  return {
    DATA_DIR: data,
    MODELS_DIR: path.join(folder, `${name}-models`),
    JWT_PRIVATE_KEY_PATH: path.join(data, 'keys', 'private.key'),
    JWT_PUBLIC_KEY_PATH: path.join(data, 'keys', 'public.key'),
    BACKUP_REPOSITORY: path.join(folder, 'repository'),
    BACKUP_PASSWORD: PASSWORD,
  };
};

const inDescribe = hasRestic ? describe : describe.skip;

/** Uploads a clip and starts a job on it, again and again. */
class Load {
  readonly acknowledged: string[] = [];
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(
    private readonly client: ApiClient,
    private readonly datasetId: string,
  ) {
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { id } = await this.client.uploadVideo(this.datasetId, clip, `clip ${this.acknowledged.length}`);
      this.acknowledged.push(id);
      const parameters = { startFrame: 0, endFrame: FRAMES, goalFrameId: 0, frameStep: 1, detector: 'ORB' };
      const { jobId } = await this.client.post<{ jobId: string[] }>('/api/inference', {
        datasetId: this.datasetId,
        range: '0-0',
        parameters,
      });
      await this.client.get(`/api/jobs/${jobId[0]}?wait=60`);
    }
  }
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly jobs: Readonly<
    Record<string, { env: Record<string, string>; steps: { name: string; run: string }[] }>
  >;
}

/** Runs the steps of a workflow as a runner does: its `env` with the values of expressions, then each `run` in bash. */
async function runWorkflow(name: string, values: Readonly<Record<string, string>>) {
  const text = readFileSync(path.join('.github', 'workflows', `${name}.yml`), 'utf8');
  const { jobs } = parse(text) as Workflow;
  const outputs: string[] = [];
  for (const { env, steps } of Object.values(jobs)) {
    const settings = Object.fromEntries(
      Object.entries(env).map(([key, expression]) => {
        const value = /^\$\{\{ (\S+) \}\}$/.exec(expression)?.[1];
        return [key, value === undefined ? expression : (values[value] ?? '')];
      }),
    );
    for (const { run } of steps) {
      const { DATA_DIR, MODELS_DIR, JWT_PRIVATE_KEY_PATH, JWT_PUBLIC_KEY_PATH } = values;
      const machine = { DATA_DIR, MODELS_DIR, JWT_PRIVATE_KEY_PATH, JWT_PUBLIC_KEY_PATH };
      const end = await runWith({ ...machine, ...settings }, 'bash', ['-e', '-c', run]);
      if (end.status !== 0) throw new Error(end.output);
      outputs.push(end.output);
    }
  }
  return outputs.join('\n');
}

inDescribe('npm run backup (needs restic)', () => {
  let stack: RunningStack;
  let acknowledged: readonly string[];
  const own = () => settingsOf('own');

  beforeAll(async () => {
    folder = await makeStackFolder('infernode-backup-');
    clip = path.join(folder, 'clip.mp4');
    await renderTestClip({ out: clip, seed: 5, frames: FRAMES, width: 320, height: 240 });
    await cp('models', own().MODELS_DIR, { recursive: true });
    const { MODELS_DIR, JWT_PRIVATE_KEY_PATH, JWT_PUBLIC_KEY_PATH } = own();
    stack = await startRunningStack(own().DATA_DIR, {
      MODELS_DIR,
      JWT_PRIVATE_KEY_PATH,
      JWT_PUBLIC_KEY_PATH,
      MAX_WAITING_JOBS_PER_USER: '0',
    });
    const client = new ApiClient(stack.url);
    await client.signUp('user@example.com', 'a good password');
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'clips' });
    expect(await runBackup(own(), 'init')).toMatchObject({ status: 0 });
    const load = new Load(client, dataset.id);
    const before = load.acknowledged.length;
    const made = await runBackup(own(), 'create');
    acknowledged = load.acknowledged.slice(0, before);
    await load.stop();
    expect(made).toMatchObject({ status: 0, output: expect.stringContaining('Snapshot') });
    expect(load.acknowledged.length).toBeGreaterThan(0);
  });

  afterAll(async () => {
    stack?.process.kill('SIGTERM');
    await stack?.exited;
    await rm(folder, { recursive: true, force: true });
  });

  /** The file of the oldest media of the running installation, by its name in a snapshot. */
  async function oldestMedia(): Promise<{ prefix: string; bytes: Buffer }> {
    const [{ key }] = await stack.query<{ key: string }>(
      'SELECT storage_key AS key FROM media ORDER BY id LIMIT 1',
    );
    const below = `${key.slice(-2)}/${key}`;
    return { prefix: `media/${below}`, bytes: await readFile(path.join(own().DATA_DIR, 'media', below)) };
  }

  it('refuses to restore over a running installation', async () => {
    const refused = await runBackup(own(), 'restore', '--mode', 'inplace');
    expect(refused).toMatchObject({ status: 1, output: expect.stringContaining('RESTORE_REFUSED') });
    expect(await readdir(own().DATA_DIR)).not.toContain('restores');
  });

  describe('by the steps of its workflows', () => {
    const values = () => ({
      ...own(),
      'vars.INFERNODE_HOME': process.cwd(),
      'vars.BACKUP_REPOSITORY': own().BACKUP_REPOSITORY,
      'secrets.BACKUP_PASSWORD': PASSWORD,
    });

    it('stores a second snapshot with little more than what changed, lists it and restores a file of it', async () => {
      const stored = await runWorkflow('backup-incremental', values());
      const [, id, added, unit] = /Snapshot (\w{8}): .*, ([\d.]+) (\w+) of them new/.exec(stored) ?? [];
      // Changed pages of the database, its WAL of up to two segments of 16 MiB; the snapshot has more than 60 MiB.
      expect({ unit, few: unit === 'KiB' || Number(added) < 40 }).toEqual({
        unit: expect.stringMatching(/^[KM]iB$/),
        few: true,
      });
      expect(await runWorkflow('backup-list', values())).toContain(id);
      const { prefix, bytes } = await oldestMedia();
      const restored = await runWorkflow('backup-restore', {
        ...values(),
        'inputs.restore_prefix': prefix,
        'inputs.snapshot_id': id,
        'inputs.restore_mode': 'preview',
      });
      const where = /files in (\S+)\.$/m.exec(restored)?.[1] ?? '';
      expect(path.dirname(where)).toBe(path.join(own().DATA_DIR, 'restores'));
      expect(await readFile(path.join(where, prefix))).toEqual(bytes);
    });

    it('takes an input as data', async () => {
      const marker = path.join(folder, 'executed');
      const run = runWorkflow('backup-restore', {
        ...values(),
        'inputs.restore_prefix': `$(touch ${marker})"; touch ${marker}; echo "`,
        'inputs.snapshot_id': '',
        'inputs.restore_mode': 'preview',
      });
      await expect(run).rejects.toThrow('BACKUP_NOT_FOUND');
      await expect(access(marker)).rejects.toThrow('ENOENT');
    });
  });

  it.each(['../secret', 'media/zz', 'models/no*'])(
    'finds nothing at the prefix %s and leaves nothing',
    async (prefix) => {
      const before = await readdir(path.join(own().DATA_DIR, 'restores')).catch(() => []);
      const { status, output } = await runBackup(own(), 'restore', '--prefix', prefix);
      expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('BACKUP_NOT_FOUND') });
      expect(await readdir(path.join(own().DATA_DIR, 'restores')).catch(() => [])).toEqual(before);
    },
  );

  it('tells a wrong password, a missing repository and a missing setting', async () => {
    const wrong = await runBackup({ ...own(), BACKUP_PASSWORD: 'another password' }, 'list');
    expect(wrong.output).toContain('BACKUP_PASSWORD is not the password');
    const missing = await runBackup({ ...own(), BACKUP_REPOSITORY: path.join(folder, 'none') }, 'create');
    expect(missing.output).toContain('npm run backup -- init');
    const unset = await runBackup({ DATA_DIR: own().DATA_DIR }, 'list');
    expect(unset.output).toContain('Set BACKUP_REPOSITORY');
    for (const { status } of [wrong, missing, unset]) expect(status).toBe(1);
  });

  describe('after the machine was lost', () => {
    /** On a file system of its own where there is one, as a volume of a container is. */
    let mediaFolder: string;
    const elsewhere = () => ({ ...settingsOf('elsewhere'), MEDIA_DIR: mediaFolder });

    let media: Awaited<ReturnType<typeof oldestMedia>>;

    beforeAll(async () => {
      media = await oldestMedia();
      const shared = await access(SHARED_MEMORY).then(
        () => true,
        () => false,
      );
      mediaFolder = await mkdtemp(path.join(shared ? SHARED_MEMORY : folder, 'infernode-media-'));
      await mkdir(path.join(mediaFolder, '.restore-of-a-killed-one'));
      const { api, worker, postgres } = stack.children();
      for (const pid of [stack.process.pid ?? -1, ...api, ...worker, ...postgres.slice(0, 1)]) {
        process.kill(pid, 'SIGKILL');
      }
      await stack.exited;
    });

    afterAll(async () => rm(mediaFolder, { recursive: true, force: true }));

    it('restores everything into an empty folder, and every row has its file', async () => {
      const { status, output } = await runBackup(elsewhere(), 'restore', '--mode', 'inplace', '--verify');
      expect({ status, output }).toEqual({
        status: 0,
        output: expect.stringMatching(/Media: [1-9]\d* checked by SHA-256, 0 missing, 0 different/),
      });
      for (const name of ['private.key', 'public.key']) {
        const key = await readFile(path.join(elsewhere().DATA_DIR, 'keys', name));
        expect(key).toEqual(await readFile(path.join(own().DATA_DIR, 'keys', name)));
      }
    });

    it('restores one file by its prefix in place, over a damaged one', async () => {
      const { prefix, bytes } = media;
      const file = path.join(mediaFolder, path.relative('media', prefix));
      await writeFile(file, Buffer.alloc(bytes.length));
      const restored = await runBackup(elsewhere(), 'restore', '--prefix', prefix, '--mode', 'inplace');
      expect(restored).toMatchObject({ status: 0 });
      expect(await readFile(file)).toEqual(bytes);
      expect((await readdir(mediaFolder)).filter((name) => name.startsWith('.'))).toEqual([]);
    });

    it('serves there what was acknowledged before the backup, and finishes its jobs', async () => {
      stack = await startRunningStack(elsewhere().DATA_DIR, {
        MODELS_DIR: elsewhere().MODELS_DIR,
        MEDIA_DIR: mediaFolder,
      });
      const client = new ApiClient(stack.url);
      await client.signIn('user@example.com', 'a good password');
      const rows = await stack.query<{ id: string }>('SELECT id FROM media');
      expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining([...acknowledged]));
      const [{ wrong }] = await stack.query<{ wrong: number }>(
        `SELECT count(*)::int AS wrong FROM users u WHERE balance_micro <>
           (SELECT sum(delta_micro) FROM credit_transactions t WHERE t.user_id = u.id)`,
      );
      expect(wrong).toBe(0);
    });
  });
});

describe('the workflow of daily backups', () => {
  it('runs every day at 06:00 UTC and by hand', () => {
    const text = readFileSync(path.join('.github', 'workflows', 'backup-incremental.yml'), 'utf8');
    const { on } = parse(text) as Workflow;
    expect(on.schedule).toEqual([{ cron: '0 6 * * *' }]);
    expect(on).toHaveProperty('workflow_dispatch');
  });
});
