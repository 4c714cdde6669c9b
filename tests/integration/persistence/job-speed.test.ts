import { newJob, newLease, newOutcome, openAccount, openDataset } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;

describe('speeds of jobs', () => {
  beforeAll(async () => {
    real = await openRealPersistence();
  });
  afterAll(() => real.close());

  it('are the median of jobs of a kind; waiting and running ones are counted by kind', async () => {
    const { jobs, jobSpeeds } = real.unitOfWork.read;
    const dataset = await openDataset(real, (await openAccount(real)).id);
    const of = (detector: string) => newJob(dataset, { held: 1000n, params: { detector } });
    const detectors = ['ORB', 'ORB', 'ORB', 'ORB', 'SIFT', 'ORB', 'SIFT'];
    const created = await real.unitOfWork.run((scope) => scope.jobs.create(detectors.map(of)));
    const seconds = [1, 2, 40];
    for (const [index, duration] of seconds.entries()) {
      const lease = newLease();
      await jobs.claimForRun(created[index].id, lease);
      await jobs.complete(created[index].id, lease.fence, newOutcome({ captured: 1000n }));
      await real.database.sequelize.query(
        `UPDATE inference_jobs SET started_at = finished_at - make_interval(secs => ${duration})
          WHERE id = '${created[index].id}'`,
      );
    }
    await jobs.claimForRun(created[4].id, newLease());
    const [orb, sift] = [await jobSpeeds.kindOf(created[3].id), await jobSpeeds.kindOf(created[4].id)];

    expect(orb).not.toBe(sift);
    // The median is 2 s for 1000 micro-credits.
    expect([...(await jobSpeeds.speeds())]).toEqual([[orb, 2]]);
    expect(await jobSpeeds.waiting()).toEqual(
      expect.arrayContaining([
        { kind: orb, jobs: 2, heldMicro: 2000 },
        { kind: sift, jobs: 1, heldMicro: 1000 },
      ]),
    );
    expect(await jobSpeeds.running()).toEqual([
      { kind: sift, heldMicro: 1000, percent: 0, elapsedMs: expect.any(Number) },
    ]);
  });
});
