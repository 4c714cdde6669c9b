import { presentJob, presentNotification } from '../controllers/job.presenter.js';
import { isTerminal } from '../domain/job.js';
import { EventStreams } from '../realtime/event-stream.js';
import { RealtimeHub } from '../realtime/realtime-hub.js';
import { WsGateway } from '../realtime/ws-gateway.js';
import type { ApiDeps } from './api-deps.js';
import type { Services } from './api-services.js';

/** Wires the live events of jobs. */
export function createRealtime({ unitOfWork, jobs, logger, settings }: ApiDeps, services: Services) {
  const { read } = unitOfWork;
  const component = logger.child({ component: 'realtime' });
  const hub = new RealtimeHub(
    {
      eventsAfter: (jobId, after) => read.jobs.eventsAfter(jobId, after),
      recentJobs: async (userId, limit) => (await read.jobs.list({ userId, limit })).rows,
    },
    component,
  );
  const gateway = new WsGateway({
    hub,
    logger: component,
    session: (token) => services.auth.session(token),
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
    originAllowed: (origin, host) =>
      settings.http.corsOrigins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host),
  });
  return { hub, gateway, streams: new EventStreams(hub) };
}

/** See {@link createRealtime}. */
export type Realtime = ReturnType<typeof createRealtime>;
