import { z } from 'zod';
import type { JobProgress } from '../domain/job.js';
import type { ErrorKind } from '../errors/app-error.js';
import type { TaskResult } from '../tasks/definition.js';

/** Asks an engine to run one job; frames never cross this wire, only paths. */
export const runMessage = z.object({
  type: z.literal('run'),
  jobId: z.uuid(),
  task: z.enum(['cns', 'inpainting', 'classification']),
  plan: z.object({ input: z.record(z.string(), z.unknown()), media: z.record(z.string(), z.string()) }),
  params: z.record(z.string(), z.unknown()),
  mediaPaths: z.record(z.string(), z.string()),
  workspace: z.string(),
  modelsDirectory: z.string(),
  ffmpeg: z.object({ ffmpegPath: z.string(), ffprobePath: z.string() }),
  threads: z.number().int().min(1),
});
/** See {@link runMessage}. */
export type RunMessage = z.infer<typeof runMessage>;

/** Worker to engine. `stop` asks for a quick end; SIGTERM means the same. */
export type ToEngine = RunMessage | { readonly type: 'stop' };

/** Engine to worker. `heartbeat` comes every second while the event loop is alive. */
export type FromEngine =
  | { readonly type: 'ready' }
  | { readonly type: 'heartbeat'; readonly rssBytes: number }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly result: TaskResult }
  | {
      readonly type: 'failed';
      readonly error: {
        readonly code: string;
        readonly kind: ErrorKind;
        readonly message: string;
        readonly details?: Readonly<Record<string, unknown>>;
      };
    };
