import type { IncomingMessage } from 'node:http';
import { presentJob, presentNotification, presentProgress } from '../controllers/job.presenter.js';
import { presentQuota } from '../controllers/quota.controller.js';
import { presentServoSession } from '../controllers/servo-session.presenter.js';
import { admitCaller, type Authenticator, type Credential } from '../domain/credential.js';
import type { RequiredScope } from '../domain/scopes.js';
import { isTerminal, type Job } from '../domain/job.js';
import { toCredits } from '../domain/money.js';
import { ConnectionRegistry } from '../realtime/connection-registry.js';
import { EventStreams } from '../realtime/event-streams.js';
import { JobStreams } from '../realtime/job-streams.js';
import { JobWaiters } from '../realtime/job-waiters.js';
import { RealtimeHub } from '../realtime/realtime-hub.js';
import type { JobState } from '../realtime/remote-control/job-progress.js';
import { RemoteControl } from '../realtime/remote-control/remote-control.js';
import { ServoStreams } from '../realtime/servo-streams.js';
import { ServoWatchers } from '../realtime/servo-watchers.js';
import { WsGateway } from '../realtime/ws-gateway.js';
import { clientAddress } from '../lifecycle/client-address.js';
import { isUnexpected } from '../middlewares/problem.js';
import type { ApiDeps } from './api-deps.js';
import type { Services } from './api-services.js';
import { sharedCounts } from './shared-counts.js';
import { streamRefusal, type Reached, type Servo } from './api-servo.js';

/** Admits the credentials of connections that need a scope. */
const admitting =
  (authenticator: Authenticator, scope: RequiredScope) => async (credential: Credential, address: string) =>
    (await admitCaller(authenticator, credential, { address, scope })).credential;

/** Wires live events of jobs and streams of live servoing. */
export function createRealtime(deps: ApiDeps, services: Services, servo: Servo) {
  const { unitOfWork, jobs, logger, settings } = deps;
  const { read } = unitOfWork;
  const component = logger.child({ component: 'realtime' });
  const hub = new RealtimeHub(
    {
      eventsAfter: (jobId, after) => read.jobs.eventsAfter(jobId, after),
      recentJobs: async (userId, limit) => (await read.jobs.list({ userId, limit })).rows,
    },
    component,
  );
  const registry = new ConnectionRegistry(read.realtime, component);
  const remote = createRemoteControl(deps, services, { hub, registry });
  const servoStreams = createServoStreams(deps, services, servo);
  const eventStreams = new EventStreams(registry, deps.credentialChanges);
  const streams = new JobStreams(eventStreams, hub);
  const watchers = new ServoWatchers(eventStreams);
  const gateway = new WsGateway({
    hub,
    registry,
    remote,
    streams: servoStreams,
    logger: component,
    changes: deps.credentialChanges,
    counts: (limit) => sharedCounts(deps, limit),
    admit: admitting(services.authenticator, 'jobs:read'),
    addressOf: (request) => clientAddress(request, settings.http.trustedProxies),
    snapshot: async (jobId, userId) => {
      const job = await jobs.get(jobId, { principal: { userId } });
      const queuePosition = await jobs.queuePosition(job);
      return {
        seq: job.seq,
        ended: isTerminal(job.status),
        job: presentJob({ job, queuePosition }, services.links),
      };
    },
    notification: (event) => presentNotification(event, services.links),
    refusal: streamRefusal,
    originAllowed: (origin, host) =>
      settings.http.corsOrigins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host),
  });
  const waiters = new JobWaiters(hub);
  return { hub, registry, remote, gateway, servoStreams, eventStreams, streams, watchers, waiters };
}

const jobStateOf = (job: Job): JobState => ({
  jobId: job.id,
  seq: job.seq,
  status: job.status,
  percent: presentProgress(job)?.percent ?? 0,
  startedAt: job.startedAt,
  updatedAt: job.finishedAt ?? job.startedAt ?? job.createdAt,
});

function createRemoteControl(
  deps: ApiDeps,
  { authenticator, quotas }: Services,
  { hub, registry }: { readonly hub: RealtimeHub; readonly registry: ConnectionRegistry },
): RemoteControl {
  const { unitOfWork, jobs, logger, socketAdapter, credentialChanges, settings } = deps;
  const { realtime, users } = unitOfWork.read;
  return new RemoteControl({
    hub,
    registry,
    states: realtime,
    adapter: socketAdapter,
    changes: credentialChanges,
    counts: (limit) => sharedCounts(deps, limit),
    logger: logger.child({ component: 'remote-control' }),
    admit: async (credential, address) => {
      const caller = await admitCaller(authenticator, credential, { address, scope: 'jobs:read' });
      const { apiKey } = caller.principal;
      return { credential: caller.credential, seesQuota: apiKey?.scopes.includes('account:read') ?? true };
    },
    addressOf: (request) => clientAddress(request, settings.http.trustedProxies),
    job: async (jobId, userId) => {
      const job = await jobs.get(jobId, { principal: { userId } });
      return { state: jobStateOf(job), ended: isTerminal(job.status) };
    },
    quota: async (userId) => {
      const [user, quota] = await Promise.all([users.findById(userId), quotas.quota(userId)]);
      const requestsLeft = await quotas.requestsLeft(userId);
      return { credits: user ? toCredits(user.balance) : 0, ...presentQuota(quota, requestsLeft) };
    },
  });
}

function createServoStreams(
  { logger, settings, credentialChanges }: ApiDeps,
  { authenticator }: Services,
  { service, baseOf, maxFrameBytes }: Servo,
): ServoStreams {
  const log = logger.child({ component: 'servo' });
  const reached = ({ headers }: IncomingMessage): Reached => {
    const isForwarded = settings.http.trustedProxies > 0 && headers['x-forwarded-proto'] === 'https';
    return { protocol: isForwarded ? 'https' : 'http', host: headers.host };
  };
  return new ServoStreams({
    logger: log,
    maxFrameBytes,
    changes: credentialChanges,
    admit: admitting(authenticator, 'servo'),
    open: (id, userId) => service.requireLive(id, { userId }),
    present: (session, request) => presentServoSession(session, (own) => baseOf(own, reached(request))),
    refusal: (error, path) => {
      if (isUnexpected(error)) log.error('A stream could not be opened', { err: error });
      return streamRefusal(error, path);
    },
  });
}

/** See {@link createRealtime}. */
export type Realtime = ReturnType<typeof createRealtime>;
