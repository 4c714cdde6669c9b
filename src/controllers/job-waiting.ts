import type { Request, Response } from 'express';
import type { Job } from '../domain/job.js';
import type { WatchedCredential } from '../domain/credential.js';
import type { Principal } from '../domain/user.js';
import { APPLIED_HEADER, preferredWait } from '../middlewares/prefer.js';
import { whileConnected, type Reply } from '../middlewares/reply.js';
import type { JobWaiters } from '../realtime/job-waiters.js';
import type { JobService } from '../services/job.service.js';
import { presentJob, type LinkSigner } from './job.presenter.js';

type PresentedJob = ReturnType<typeof presentJob>;

/** What waiting for jobs needs. */
export interface JobWaitingDeps {
  readonly jobs: Pick<JobService, 'get' | 'queuePosition'>;
  readonly waiters: Pick<JobWaiters, 'untilEnded'>;
  readonly links: LinkSigner;
}

/** A request that has created jobs. */
interface CreateCall {
  readonly principal: Principal;
  readonly credential: Pick<WatchedCredential, 'check'>;
  readonly request: Request;
  readonly response: Response;
}

/**
 * With `Prefer: wait=n`, waits until new jobs have ended and adds them to the reply. A reply that is repeated
 * for its idempotency key does not wait.
 */
export async function withEndedJobs(
  { reply, created }: { readonly reply: Reply; readonly created: readonly Job[] },
  call: CreateCall,
  deps: JobWaitingDeps,
): Promise<Reply> {
  return afterJobsEnd({ reply, created }, call, {
    ...deps,
    bodyOf: (shown) => ({ ...bodyOf(reply), jobs: shown }),
  });
}

/** Like {@link withEndedJobs}, for a reply whose body is the job. */
export async function withEndedJob(
  { reply, created }: { readonly reply: Reply; readonly created: Job },
  call: CreateCall,
  deps: JobWaitingDeps,
): Promise<Reply> {
  return afterJobsEnd({ reply, created: [created] }, call, { ...deps, bodyOf: ([shown]) => shown });
}

/** @throws AppError of kind unauthenticated or forbidden when the credential has ended during the wait. */
async function afterJobsEnd(
  { reply, created }: { readonly reply: Reply; readonly created: readonly Job[] },
  { principal, credential, request, response }: CreateCall,
  {
    jobs,
    waiters,
    links,
    bodyOf: present,
  }: JobWaitingDeps & { bodyOf(shown: readonly PresentedJob[]): object },
): Promise<Reply> {
  const seconds = preferredWait(request);
  if (seconds === 0 || created.length === 0) return reply;
  const wait = { userId: principal.userId, seconds, signal: whileConnected(response) };
  if (!(await waiters.untilEnded(created, wait))) return reply;
  await credential.check();
  const shown = created.map(async ({ id }) => {
    const job = await jobs.get(id, { principal });
    return presentJob({ job, queuePosition: await jobs.queuePosition(job) }, links);
  });
  return {
    ...reply,
    body: present(await Promise.all(shown)),
    headers: { ...reply.headers, [APPLIED_HEADER]: `wait=${seconds}` },
  };
}

/** Replies that are stored for repeats may hold their body as bytes. */
function bodyOf({ body }: Reply): object {
  const value: unknown = Buffer.isBuffer(body) ? JSON.parse(body.toString()) : body;
  return typeof value === 'object' && value !== null ? value : {};
}
