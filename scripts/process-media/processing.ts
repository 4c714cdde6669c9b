import { z } from 'zod';
import { openQueue } from '../../src/composition/queue.js';
import { createPersistence } from '../../src/composition/persistence.js';
import { databaseConfig } from '../../src/config/database.js';
import { loadSettings } from '../../src/config/load.js';
import type { MediaProcessRequest } from '../../src/domain/media-list.js';
import { silentLogger } from '../../src/logging/logger.js';
import { MediaProcessService } from '../../src/services/media-process.service.js';

const counts = {
  media: z.number(),
  queued: z.number(),
  ready: z.number(),
  waiting: z.number(),
};
const quoted = z.object(counts);
const started = z.object({ id: z.string() });
const reported = z.object({
  id: z.string(),
  ...counts,
  finished: z.boolean(),
  progress: z.object({ pending: z.number(), done: z.number(), failed: z.number() }),
  failures: z.array(
    z.object({
      mediaId: z.string(),
      name: z.string(),
      step: z.string(),
      code: z.string(),
      message: z.string(),
    }),
  ),
});

/** A run as it is followed. */
export type ProcessReport = z.infer<typeof reported>;

/** Starts and follows runs over stored media. */
interface Processing extends AsyncDisposable {
  quote(request: MediaProcessRequest): Promise<z.infer<typeof quoted>>;
  start(request: MediaProcessRequest): Promise<string>;
  report(id: string): Promise<ProcessReport>;
}

/** Of the server at PROCESS_VIDEO_SERVER_URL, or of this installation's database. */
export async function openProcessing(env = process.env): Promise<Processing> {
  const { PROCESS_VIDEO_SERVER_URL: server, INFERNODE_API_KEY: key } = env;
  if (!server) return openDatabase();
  if (!key) throw new Error('Set INFERNODE_API_KEY to an API key of an admin with the scope admin.');
  return openServer(server, key);
}

const REQUEST_TIMEOUT_MS = 60_000;

function openServer(server: string, key: string): Processing {
  const path = '/api/admin/media/process';
  const base = server.replace(/\/+$/, '');
  const ask = async (where: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${base}${where}`, {
      headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Error(`The server at ${base} does not answer.`, { cause });
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    throw new Error(`${base} answered ${response.status}: ${detailOf(text)}`);
  };
  return {
    quote: async (request) => quoted.parse(await ask(`${path}?dryRun=true`, request)),
    start: async (request) => started.parse(await ask(path, request)).id,
    report: async (id) => reported.parse(await ask(`${path}/${id}`)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const problem = z.object({ detail: z.string() });

function detailOf(text: string): string {
  try {
    return problem.parse(JSON.parse(text)).detail;
  } catch {
    return text.slice(0, 200);
  }
}

async function openDatabase(): Promise<Processing> {
  const settings = loadSettings();
  const applicationName = 'infernode-process-media';
  const queue = await openQueue(settings, { applicationName, poolMax: 2, log: silentLogger });
  const persistence = createPersistence(databaseConfig(settings, applicationName), queue.queue);
  const service = new MediaProcessService(persistence.unitOfWork);
  return {
    quote: (request) => service.quote(request),
    start: async (request) => (await service.start(null, request)).id,
    report: async (id) => {
      const { run, progress, failures } = await service.report(id);
      const finished = run.plannedAt !== null && progress.pending === 0;
      return { ...run, finished, progress, failures: [...failures] };
    },
    [Symbol.asyncDispose]: async () => {
      await persistence.close();
      await queue.close();
    },
  };
}
