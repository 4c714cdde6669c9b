import { QueryTypes } from 'sequelize';
import { JobScheduleDao } from '../../../src/dao/job-schedule.dao.js';
import type { Dataset } from '../../../src/domain/dataset.js';
import type { Job } from '../../../src/domain/job.js';
import { defineModels } from '../../../src/models/models.js';
import { JobRecorder } from '../../../src/services/job-recorder.service.js';
import { newJob, newLease, newOutcome, openAccount, openDataset } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;

const sql = async (text: string, bind: Record<string, unknown> = {}): Promise<void> => {
  await real.database.sequelize.query(text, { bind });
};
const openUser = async (): Promise<Dataset> => openDataset(real, (await openAccount(real)).id);

describe('turns of users', () => {
  beforeAll(async () => {
    real = await openRealPersistence();
  });

  afterEach(async () => {
    for (const table of ['inference_jobs', 'user_limits', 'paused_tasks']) await sql(`DELETE FROM ${table}`);
  });

  afterAll(() => real.close());

  async function create(dataset: Dataset, count: number, priority = 0): Promise<readonly Job[]> {
    const given = Array.from({ length: count }, () => newJob(dataset, { priority }));
    return real.unitOfWork.run((scope) => scope.jobs.create(given));
  }

  async function start(): Promise<{ id: string; fence: string } | null> {
    return real.unitOfWork.run(async (scope) => {
      const next = await scope.schedule.next(0);
      const lease = newLease();
      if (next) await scope.jobs.claimForRun(next.id, lease);
      return next && { id: next.id, fence: lease.fence };
    });
  }

  /** Starts and completes `count` jobs, one after the other. @returns their ids */
  async function run(count: number): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const started = await start();
      if (!started) break;
      await real.unitOfWork.read.jobs.complete(started.id, started.fence, newOutcome());
      ids.push(started.id);
    }
    return ids;
  }

  const namesOf = (ids: readonly string[], jobs: Readonly<Record<string, readonly Job[]>>): string =>
    ids
      .map((id) => Object.keys(jobs).find((name) => jobs[name].some((job) => job.id === id)) ?? '?')
      .join('');

  it('the only job of a second user starts before the next one of a user with 2000', async () => {
    const many = await create(await openUser(), 2000);
    await run(20);
    const running = await start();
    const [single] = await create(await openUser(), 1);

    expect(await real.unitOfWork.read.schedule.position(single.id)).toBe(0);
    expect(many.some(({ id }) => id === running?.id)).toBe(true);
    expect(await run(1)).toEqual([single.id]);
  });

  it('users with many jobs alternate, however unequal their numbers are', async () => {
    const a = await create(await openUser(), 12);
    const b = await create(await openUser(), 3);
    const c = await create(await openUser(), 2);

    expect(namesOf(await run(17), { a, b, c })).toBe('abcabcabaaaaaaaaa');
  });

  it('a user with weight 2 starts twice as often', async () => {
    const heavy = await openUser();
    await sql('INSERT INTO user_limits (user_id, weight) VALUES ($id, 2)', { id: heavy.userId });
    const h = await create(heavy, 6);
    const l = await create(await openUser(), 6);

    expect(namesOf(await run(6), { h, l }).replaceAll('l', '')).toHaveLength(4);
  });

  it('positions are the order of the starts, with priorities and cancelled jobs', async () => {
    const [one, two] = [await openUser(), await openUser()];
    const jobs = [...(await create(one, 4)), ...(await create(two, 2)), ...(await create(one, 2, 7))];
    jobs.push(...(await create(two, 2, -3)), ...(await create(await openUser(), 2)));
    await real.unitOfWork.read.jobs.finish(jobs[0].id, 'ABORTED', null);
    await real.unitOfWork.read.jobs.finish(jobs[4].id, 'FAILED', { code: 'X', message: 'x' });
    const waiting = jobs.filter((_, index) => index !== 0 && index !== 4);
    const positions = await Promise.all(
      waiting.map(async ({ id }) => [id, await real.unitOfWork.read.schedule.position(id)] as const),
    );

    const started = await run(jobs.length);

    expect(positions.toSorted((x, y) => x[1] - y[1]).map(([id]) => id)).toEqual(started);
    expect(positions.map(([, position]) => position).toSorted((x, y) => x - y)).toEqual(
      waiting.map((_, index) => index),
    );
  });

  it('what a user has cancelled does not delay the rest', async () => {
    const a = await create(await openUser(), 50);
    const b = await create(await openUser(), 50);
    for (const { id } of a.slice(0, 49)) await real.unitOfWork.read.jobs.finish(id, 'ABORTED', null);

    expect(await run(1)).toEqual([a[49].id]);
    expect(namesOf(await run(2), { b })).toBe('bb');
  });

  it('jobs of a task that was paused do not come all at once when it is resumed', async () => {
    const { schedule } = real.unitOfWork.read;
    const held = await openUser();
    const given = Array.from({ length: 10 }, () => newJob(held, { task: 'inpainting' }));
    const p = await real.unitOfWork.run((scope) => scope.jobs.create(given));
    await schedule.pause({ task: 'inpainting', acceptsJobs: true, reason: null });
    const c = await create(await openUser(), 20);
    expect(namesOf(await run(8), { p, c })).toBe('cccccccc');

    await real.unitOfWork.run((scope) => scope.schedule.resume('inpainting'));

    expect(namesOf(await run(6), { p, c }).replaceAll('c', '')).toHaveLength(3);
  });

  it('many claims at once start as many different jobs, and of each user as many', async () => {
    const a = await create(await openUser(), 20);
    const b = await create(await openUser(), 20);

    const started = await Promise.all(Array.from({ length: 10 }, () => start()));

    const names = namesOf(
      started.map((job) => job?.id ?? ''),
      { a, b },
    );
    expect(new Set(started.map((job) => job?.id)).size).toBe(10);
    expect([...names].filter((name) => name === 'a')).toHaveLength(5);
  });

  it('a user never runs more jobs than the limit, however many workers claim at once', async () => {
    const limited = await openUser();
    await sql('INSERT INTO user_limits (user_id, running_jobs) VALUES ($id, 3)', { id: limited.userId });
    await create(limited, 30);
    const recorder = new JobRecorder(real.unitOfWork, { leaseMs: 60_000, runningJobs: 0 });

    const claims = await Promise.all(Array.from({ length: 12 }, () => recorder.claim()));

    expect(claims.filter((claim) => claim !== null)).toHaveLength(3);
  });
});

describe('a long queue', () => {
  beforeAll(async () => {
    real = await openRealPersistence();
  });

  afterAll(() => real.close());

  it('the next job of 20 000 is found by an index', async () => {
    const [first, second] = [await openUser(), await openUser()];
    await sql(
      `INSERT INTO inference_jobs (id, batch_id, user_id, dataset_id, task, params, plan, device_requested,
                                   price_preset, price_version, held_micro, start_tag, start_order)
       SELECT gen_random_uuid(), gen_random_uuid(), CASE WHEN n % 2 = 0 THEN $first::uuid ELSE $second::uuid END,
              CASE WHEN n % 2 = 0 THEN $firstSet::uuid ELSE $secondSet::uuid END, 'cns', '{}', '{}', 'cpu',
              'infernode', 1, 0, n::bigint * 500000, gen_random_uuid() FROM generate_series(0, 19999) AS n`,
      { first: first.userId, second: second.userId, firstSet: first.id, secondSet: second.id },
    );
    await sql('ANALYZE inference_jobs');
    const { sequelize } = real.database;
    const statements: string[] = [];
    sequelize.addHook('afterQuery', 'statements', (_options, query) => {
      statements.push(String(Reflect.get(query, 'sql')));
    });
    const next = await sequelize.transaction((transaction) =>
      new JobScheduleDao({ sequelize, models: defineModels(sequelize), transaction }).next({
        maxAttempts: 3,
        runningJobs: 4,
      }),
    );
    sequelize.removeHook('afterQuery', 'statements');
    const choice = statements.find((statement) => statement.includes('WITH lost')) ?? '';
    const text = choice
      .slice(choice.indexOf('WITH lost'))
      .replaceAll('$1', '3')
      .replaceAll('$2', '4')
      .replace(/;.*$/s, '');

    const rows = await sequelize.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, {
      type: QueryTypes.SELECT,
    });
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');

    expect(next?.userId).toBe(first.userId);
    expect(plan).toMatch(/Index.* using inference_jobs_next on/);
    expect(plan).toMatch(/Index.* using inference_jobs_next_of_user on/);
    expect(plan).not.toContain('Seq Scan on inference_jobs');
  });
});
