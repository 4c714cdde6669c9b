import type pg from 'pg';
import { z } from 'zod';
import type { JobEngineNetwork } from '../domain/network.js';

/** Channel on which workers say what their engines have in memory. */
export const JOB_ENGINE_NETWORKS_CHANNEL = 'job_engine_networks';

/** Networks of one message: a notification of PostgreSQL has 8000 bytes at most. */
const MAX_NETWORKS = 30;

const networksReport = z.object({
  worker: z.string().max(100),
  networks: z
    .array(
      z.object({
        id: z.string(),
        version: z.string(),
        sha256: z.string(),
        device: z.enum(['cpu', 'cuda', 'webgpu']),
        bytes: z.number(),
        pid: z.number(),
      }),
    )
    .max(MAX_NETWORKS),
});

/** What the engines of a worker have in memory. */
export type JobEngineReport = z.infer<typeof networksReport>;

/** Tells all api processes what the engines of this worker have in memory. */
export async function announceNetworks(
  pool: Pick<pg.Pool, 'query'>,
  worker: string,
  networks: readonly JobEngineNetwork[],
): Promise<void> {
  const report = { worker, networks: networks.slice(0, MAX_NETWORKS) };
  await pool.query('SELECT pg_notify($1, $2)', [JOB_ENGINE_NETWORKS_CHANNEL, JSON.stringify(report)]);
}

/** The report in a message; undefined for anything else that came over the channel. */
export function parseNetworks(payload: string): JobEngineReport | undefined {
  try {
    return networksReport.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}
