import { v7 as uuid } from 'uuid';
import { fromCredits } from '../../../src/domain/money.js';
import type { Dataset } from '../../../src/domain/dataset.js';
import type { Job } from '../../../src/domain/job.js';
import type { NewMedia } from '../../../src/domain/repositories/dataset.repository.js';
import type { JobOutcome, NewJob } from '../../../src/domain/repositories/job.repository.js';
import type { EnqueueRequest, UnitOfWork } from '../../../src/domain/repositories/unit-of-work.js';
import type { User } from '../../../src/domain/user.js';

/** What a contract suite runs against: the real thing or a fake of it. */
export interface PersistenceHarness {
  readonly unitOfWork: UnitOfWork;
  /** Queue messages that a queue would see now. */
  messages(): Promise<readonly EnqueueRequest[]>;
  close(): Promise<void>;
}

/** Opens an empty persistence of one suite's own. */
export type OpenPersistence = () => Promise<PersistenceHarness>;

/** Opens a persistence before the tests of the enclosing `describe` and closes it after them. */
export function useHarness(open: OpenPersistence): () => PersistenceHarness {
  let harness: PersistenceHarness | undefined;
  beforeAll(async () => {
    harness = await open();
  });
  afterAll(async () => harness?.close());
  return () => {
    if (!harness) throw new Error('the persistence is not open');
    return harness;
  };
}

/** A new user with `credits`, granted by the ledger. */
export async function openAccount({ unitOfWork }: PersistenceHarness, credits = 0): Promise<User> {
  return unitOfWork.run(async ({ users, ledger }) => {
    const user = await users.create({ email: `${uuid()}@example.com`, passwordHash: 'hash', role: 'user' });
    const amount = fromCredits(credits);
    if (amount > 0n) {
      await ledger.append({ userId: user.id, kind: 'grant', amount, delta: amount, description: 'start' });
    }
    return { ...user, balance: amount };
  });
}

/** A new dataset of `userId` with a name of its own. */
export async function openDataset({ unitOfWork }: PersistenceHarness, userId: string): Promise<Dataset> {
  return unitOfWork.run(({ datasets }) => datasets.create({ userId, name: `dataset ${uuid()}`, tags: [] }));
}

/** A video file as it is recorded after an upload. */
export function newMedia(userId: string, overrides: Partial<NewMedia> = {}): NewMedia {
  const id = uuid();
  return {
    id,
    userId,
    kind: 'video',
    role: 'source',
    name: 'clip.mp4',
    container: 'mp4',
    sha256: 'ab'.repeat(32),
    bytes: 3_000_000_000,
    width: 640,
    height: 480,
    frameCount: 90,
    fps: { num: 30_000, den: 1001 },
    durationSeconds: 3.003,
    storageKey: `media/${id}.mp4`,
    ...overrides,
  };
}

/** A job as a service would create it. */
export function newJob(dataset: Pick<Dataset, 'id' | 'userId'>, overrides: Partial<NewJob> = {}): NewJob {
  return {
    id: uuid(),
    batchId: uuid(),
    userId: dataset.userId,
    datasetId: dataset.id,
    task: 'cns',
    params: { range: 'all', detector: 'ORB' },
    plan: { goalFrame: 89 },
    deviceRequested: 'auto',
    pricePreset: 'infernode',
    priceVersion: 1,
    held: 180_000n,
    retryOf: null,
    ...overrides,
  };
}

/** A PENDING job of a new user. */
export async function openJob(harness: PersistenceHarness): Promise<Job> {
  const user = await openAccount(harness);
  const dataset = await openDataset(harness, user.id);
  const [job] = await harness.unitOfWork.run(({ jobs }) => jobs.create([newJob(dataset)]));
  return job;
}

/** A lease that holds for a minute, or one that ran out a minute ago. */
export function newLease(state: 'held' | 'expired' = 'held'): { fence: string; expiresAt: Date } {
  return { fence: uuid(), expiresAt: new Date(Date.now() + (state === 'held' ? 60_000 : -60_000)) };
}

/** What an engine reports when it is done. */
export function newOutcome(overrides: Partial<JobOutcome> = {}): JobOutcome {
  return {
    captured: 180_000n,
    device: {
      requested: 'auto',
      used: 'cpu',
      reason: 'no GPU answered',
      attempts: [{ device: 'cpu', ok: true, reason: 'always there' }],
    },
    timings: { decodeMs: 12.5, totalMs: 99 },
    energy: { joules: 4.2, carbonGrams: 0.0006, method: 'estimate', figures: { watts: 15 } },
    network: { id: 'cns', version: '1', sha256: 'cd'.repeat(32) },
    ...overrides,
  };
}
