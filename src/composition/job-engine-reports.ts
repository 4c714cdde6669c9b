import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { JobEnginePool } from '../engines/job-engine/job-engine-pool.js';
import {
  announceNetworks,
  JOB_ENGINE_NETWORKS_CHANNEL,
  parseNetworks,
} from '../queue/job-engine-networks.js';
import type { JobEngineNetworks } from '../services/job-engine-networks.js';
import type { PeriodicTask } from '../workers/periodic.js';

const REPORT_INTERVAL_MS = 5_000;

/** In a worker: tells the api what its engines have in memory. */
export function reportJobEngines(pool: pg.Pool, engines: Pick<JobEnginePool, 'networks'>): PeriodicTask {
  const worker = randomUUID();
  let reported = 0;
  return {
    name: 'the report of networks in memory',
    intervalMs: REPORT_INTERVAL_MS,
    run: async () => {
      const { networks } = engines;
      // Engines that never had a network, and those of which it was said, need no words.
      if (networks.length > 0 || reported > 0) await announceNetworks(pool, worker, networks);
      reported = networks.length;
    },
  };
}

/** In an api process: keeps what workers report. */
export const listenToJobEngines = (networks: JobEngineNetworks) => ({
  [JOB_ENGINE_NETWORKS_CHANNEL]: (payload: string): void => {
    const report = parseNetworks(payload);
    if (report) networks.report(report);
  },
});
