import { setTimeout as delay } from 'node:timers/promises';
import { listenTo } from './socket.js';
import { EXAMPLES } from './compatibility-examples.js';
import { textAt, type Caller, type Tour } from './tour.js';

/** Settings of the tour. */
export interface TourSetting {
  readonly url: string;
  readonly admin: { readonly email: string; readonly password: string };
  /** Video of at least 500 frames. */
  readonly clip: string;
}

/** Objects created by the first section, used by later ones. */
export interface Made {
  readonly user: Caller;
  readonly datasetId: string;
  readonly jobId: string;
  /** Signed path of the ZIP. */
  readonly downloadUrl: string;
}

const POLL_MS = 500;
const ENDED = new Set(['COMPLETED', 'FAILED', 'ABORTED']);
const INTRODUCTION = `All compatibility routes with their documented example bodies, in an order in which each call succeeds. The clip has 1500
frames, because the example processes frames up to 500.`;

/** Accounts and credits. */
async function accounts(tour: Tour, { admin }: TourSetting): Promise<Caller> {
  await tour.call({
    title: 'POST /api/auth/register',
    ...{ method: 'POST', path: '/api/auth/register', json: EXAMPLES.credentials },
    ...{ expect: 201, documented: EXAMPLES.registered },
  });
  const login = await tour.call({
    title: 'POST /api/auth/login',
    ...{ method: 'POST', path: '/api/auth/login', json: EXAMPLES.credentials },
    ...{ expect: 200, documented: EXAMPLES.loggedIn },
  });
  const user = { name: 'TOKEN', token: textAt(login.json, 'token') };
  const credits = await tour.call({
    title: 'GET /api/user/credits',
    ...{ method: 'GET', path: '/api/user/credits', bearer: user },
    ...{ expect: 200, documented: EXAMPLES.credits },
  });
  tour.require(creditsOf(credits.json) === 100, 'a new user has 100 credits');
  const adminLogin = await tour.call({
    title: 'The admin signs in',
    ...{ method: 'POST', path: '/api/auth/login', json: admin, expect: 200 },
  });
  const recharged = await tour.call({
    title: 'POST /api/admin/recharge',
    ...{ method: 'POST', path: '/api/admin/recharge', json: EXAMPLES.recharge },
    bearer: { name: 'ADMIN_TOKEN', token: textAt(adminLogin.json, 'token') },
    ...{ expect: 200, documented: EXAMPLES.recharged },
  });
  const { newBalance } = recharged.json as { newBalance?: unknown };
  tour.require(newBalance === EXAMPLES.recharged.newBalance, 'the recharged balance is 150');
  return user;
}

/** The balance in a response of `GET /api/user/credits`. */
export function creditsOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null ? Reflect.get(json, 'credits') : undefined;
}

/** Datasets and the upload. */
async function datasets(tour: Tour, bearer: Caller, { clip }: TourSetting): Promise<string> {
  const created = await tour.call({
    title: 'POST /api/dataset',
    ...{ method: 'POST', path: '/api/dataset', bearer, json: EXAMPLES.newDataset },
    ...{ expect: 201, documented: EXAMPLES.datasetCreated },
  });
  const datasetId = textAt(created.json, 'dataset', 'id');
  await tour.quietly({ method: 'POST', path: '/api/dataset', bearer, json: EXAMPLES.secondDataset });
  await tour.call({
    title: 'GET /api/dataset',
    ...{ method: 'GET', path: '/api/dataset', bearer, json: EXAMPLES.tagFilter },
    ...{ expect: 200, documented: EXAMPLES.datasets },
  });
  await tour.call({
    title: 'POST /api/dataset/{id}/videos',
    ...{ method: 'POST', path: `/api/dataset/${datasetId}/videos`, bearer },
    form: { content: clip, name: EXAMPLES.uploadName, type: 'video' },
    ...{ expect: 201, documented: EXAMPLES.uploaded },
  });
  await tour.call({
    title: 'GET /api/dataset/{id}',
    ...{ method: 'GET', path: `/api/dataset/${datasetId}`, bearer },
    ...{ expect: 200, documented: EXAMPLES.dataset },
  });
  await tour.call({
    title: 'PUT /api/dataset/{id}',
    ...{ method: 'PUT', path: `/api/dataset/${datasetId}`, bearer, json: EXAMPLES.changes },
    ...{ expect: 200, documented: EXAMPLES.changed },
  });
  return datasetId;
}

/** Starts the example job; with ORB when this build has no SIFT. */
async function startJob(tour: Tour, bearer: Caller, datasetId: string): Promise<string> {
  const body = (parameters: unknown) => ({ datasetId, parameters, range: 'all' });
  const why = 'this build has no SIFT; the next call uses ORB';
  const start = { method: 'POST', path: '/api/inference', bearer, expect: 201 } as const;
  const documented = EXAMPLES.inferenceCreated;
  const first = await tour.call({
    title: 'POST /api/inference',
    ...{ ...start, json: body(EXAMPLES.parameters), documented, known: { status: 422, why } },
  });
  if (first.status === 201) return textAt(first.json, 'jobId', 0);
  tour.require(
    Reflect.get(Object(first.json), 'code') === 'DETECTOR_NOT_AVAILABLE',
    'SIFT is refused by name',
  );
  const json = body({ ...EXAMPLES.parameters, detector: 'ORB' });
  const quote = await tour.call({
    title: 'The same job with ORB, quoted (`dryRun=true`)',
    ...{ ...start, path: '/api/inference?dryRun=true', json, expect: 200 },
  });
  tour.require(Reflect.get(Object(quote.json), 'cost') === 0.5, '250 frames are quoted at 0.5 credits');
  const second = await tour.call({ title: 'POST /api/inference (ORB)', ...{ ...start, json, documented } });
  return textAt(second.json, 'jobId', 0);
}

async function untilEnded(tour: Tour, bearer: Caller, path: string): Promise<void> {
  for (;;) {
    const { json } = await tour.quietly({ method: 'GET', path, bearer });
    if (ENDED.has(textAt(json, 'status'))) return;
    await delay(POLL_MS);
  }
}

/** The job from creation to results, followed over a WebSocket. */
async function inference(
  tour: Tour,
  bearer: Caller,
  { url, datasetId }: { readonly url: string; readonly datasetId: string },
) {
  const jobId = await startJob(tour, bearer, datasetId);
  const socket = await listenTo(url, { token: bearer.token, jobId });
  const status = { method: 'GET', path: `/api/inference/status/${jobId}`, bearer } as const;
  const documented = EXAMPLES.status;
  await tour.call({ title: 'GET /api/inference/status/{id}', ...status, expect: 200, documented });
  await untilEnded(tour, bearer, status.path);
  const ended = await tour.call({ title: 'The status after the end', ...status, expect: 200 });
  tour.require(textAt(ended.json, 'status') === 'COMPLETED', 'the job is COMPLETED');
  const result = await tour.call({
    title: 'GET /api/inference/result/json/{id}',
    ...{ method: 'GET', path: `/api/inference/result/json/${jobId}`, bearer },
    ...{ expect: 200, documented: EXAMPLES.result },
  });
  const zip = await tour.call({
    title: 'GET /api/inference/result/zip/{id}',
    ...{ method: 'GET', path: `/api/inference/result/zip/${jobId}`, bearer, expect: 200 },
  });
  tour.require(zip.body.subarray(0, 2).toString() === 'PK', 'the ZIP begins with PK');
  const downloadUrl = textAt(result.json, 'results', 'download_url');
  const linked = await tour.call({
    title: 'The ZIP by its `download_url`, without a token',
    ...{ method: 'GET', path: downloadUrl, expect: 200 },
  });
  tour.require(linked.body.equals(zip.body), 'both downloads are the same file');
  await sockets(tour, bearer);
  await socket.close();
  tour.messages(
    'Messages that a WebSocket of the user at `/ws` received meanwhile (sent: `authenticate`, then `subscribe`; progress shortened):',
    socket.withoutMostProgress(),
  );
  return { jobId, downloadUrl };
}

/** The HTTP side of the WebSocket. */
async function sockets(tour: Tour, bearer: Caller): Promise<void> {
  await tour.call({
    title: 'GET /api/websocket/stats',
    ...{ method: 'GET', path: '/api/websocket/stats', bearer },
    ...{ expect: 200, documented: EXAMPLES.socketStatistics },
  });
  await tour.call({
    title: 'POST /api/websocket/test',
    ...{ method: 'POST', path: '/api/websocket/test', bearer, json: EXAMPLES.testMessage },
    ...{ expect: 200, documented: EXAMPLES.testSent },
  });
}

/** All routes except the deletion, which is in the last section. */
export async function walkCompatibilityRoutes(tour: Tour, setting: TourSetting): Promise<Made> {
  tour.section('Routes', INTRODUCTION);
  await tour.call({
    title: 'GET /api/health',
    ...{ method: 'GET', path: '/api/health', expect: 200, documented: EXAMPLES.health },
  });
  const docs = { method: 'GET', path: '/api/docs/', expect: 200 } as const;
  await tour.call({ title: 'GET /api/docs/', ...docs });
  const user = await accounts(tour, setting);
  const datasetId = await datasets(tour, user, setting);
  return { user, datasetId, ...(await inference(tour, user, { url: setting.url, datasetId })) };
}

/** The deletion of the dataset, which its owner can no longer see afterwards. */
export async function deleteDataset(tour: Tour, { user: bearer, datasetId }: Made): Promise<void> {
  const path = `/api/dataset/${datasetId}`;
  tour.section('Deleting the dataset', 'The last route.');
  await tour.call({
    title: 'DELETE /api/dataset/{id}',
    ...{ method: 'DELETE', path, bearer, expect: 200, documented: EXAMPLES.deleted },
  });
  await tour.call({
    title: 'The deleted dataset is no longer found',
    ...{ method: 'GET', path, bearer, expect: 404, code: 'NOT_FOUND' },
  });
}
