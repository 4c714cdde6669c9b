import WebSocket from 'ws';
import { z } from 'zod';
import type { ApiClient } from './api-client.js';

const progress = z.object({ done: z.number(), total: z.number(), percent: z.number(), stage: z.string() });
const status = z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'ABORTED']);
/** The messages of `/ws` that the demo handles; others are ignored. */
const serverMessage = z.union([
  z.object({ type: z.literal('event'), event: z.literal('progress'), payload: progress }),
  z.object({ type: z.literal('event'), event: z.literal('status'), payload: z.object({ status }) }),
  z.object({ type: z.literal('snapshot'), job: z.object({ status, progress: progress.nullable() }) }),
  z.object({ type: z.literal('error'), message: z.string() }),
]);

/** Status of a job. */
export type DemoStatus = z.infer<typeof status>;
/** Progress of a job. */
type DemoProgress = z.infer<typeof progress>;

/** Callbacks while following a job. */
export interface FollowListener {
  onStatus(status: DemoStatus): void;
  onProgress(progress: DemoProgress): void;
}

/**
 * Follows a job over the WebSocket until it has ended.
 * @returns its last status
 */
export function followJob(client: ApiClient, jobId: string, listener: FollowListener): Promise<DemoStatus> {
  const url = new URL('/ws', client.baseUrl);
  url.protocol = 'ws:';
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${client.accessToken}` } });
  return new Promise<DemoStatus>((resolve, reject) => {
    const onStatus = (now: DemoStatus) => {
      listener.onStatus(now);
      if (now === 'PENDING' || now === 'RUNNING') return;
      socket.close();
      resolve(now);
    };
    socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', jobId })));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection closed before the job had ended')));
    socket.on('message', (data: Buffer) => {
      const { success, data: message } = serverMessage.safeParse(JSON.parse(data.toString('utf8')));
      if (!success) return;
      if (message.type === 'error') return reject(new Error(message.message));
      if (message.type === 'snapshot') {
        if (message.job.progress) listener.onProgress(message.job.progress);
        return onStatus(message.job.status);
      }
      if (message.event === 'progress') listener.onProgress(message.payload);
      else onStatus(message.payload.status);
    });
  });
}
