import { EXAMPLES } from './compatibility-examples.js';
import type { Made, TourSetting } from './compatibility-routes.js';
import { listenTo } from './socket.js';
import { textAt, type Caller, type Tour, type TourCall } from './tour.js';

const CREDENTIALS = { email: 'other@example.com', password: 'another long password' };
const INTRODUCTION = `A second user requests every object of the first one. Each response is 404, identical to that for an object that does not
exist. A route for admins returns 403.`;

async function signIn(tour: Tour): Promise<Caller> {
  const json = CREDENTIALS;
  await tour.call({
    title: 'A second user registers',
    ...{ method: 'POST', path: '/api/auth/register', json, expect: 201 },
  });
  const { json: answer } = await tour.quietly({ method: 'POST', path: '/api/auth/login', json });
  return { name: 'OTHER_TOKEN', token: textAt(answer, 'token') };
}

/** Every call that refers to an object of the owner. */
function foreignCalls(
  { datasetId, jobId }: Made,
  clip: string,
): readonly Omit<TourCall, 'title' | 'expect'>[] {
  const dataset = `/api/dataset/${datasetId}`;
  const job = `/api/jobs/${jobId}`;
  const parameters = { ...EXAMPLES.parameters, detector: 'ORB' };
  const inference = { datasetId, parameters, range: 'all' };
  return [
    { method: 'GET', path: dataset },
    { method: 'PUT', path: dataset, json: EXAMPLES.changes },
    { method: 'DELETE', path: dataset },
    { method: 'POST', path: `${dataset}/videos`, form: { content: clip, name: 'mine', type: 'video' } },
    { method: 'POST', path: '/api/inference', json: inference },
    { method: 'POST', path: '/api/inference?dryRun=true', json: inference },
    { method: 'POST', path: '/api/inference/estimate', json: inference },
    { method: 'GET', path: `/api/inference/status/${jobId}` },
    { method: 'GET', path: `/api/inference/result/json/${jobId}` },
    { method: 'GET', path: `/api/inference/result/zip/${jobId}` },
    { method: 'GET', path: job },
    { method: 'POST', path: `${job}/cancel` },
    { method: 'POST', path: `${job}/retry` },
    { method: 'GET', path: `${job}/events` },
  ];
}

/** Shows that a user cannot access another user's objects. */
export async function showOtherUser(tour: Tour, made: Made, { url, clip }: TourSetting): Promise<void> {
  tour.section('Another user', INTRODUCTION);
  const bearer = await signIn(tour);
  for (const call of foreignCalls(made, clip)) {
    const shown = call.path.replace(made.datasetId, '{id}').replace(made.jobId, '{id}');
    await tour.call({
      title: `Other user: ${call.method} ${shown}`,
      ...{ ...call, bearer, expect: 404, code: 'NOT_FOUND' },
    });
  }
  await tour.call({
    title: 'Other user: POST /api/admin/recharge',
    ...{ method: 'POST', path: '/api/admin/recharge', bearer, json: EXAMPLES.recharge },
    ...{ expect: 403, code: 'FORBIDDEN' },
  });
  for (const path of ['/api/dataset', '/api/jobs'])
    await tour.call({ title: `Other user: GET ${path}`, method: 'GET', path, bearer, expect: 200 });
  const socket = await listenTo(url, { token: bearer.token, jobId: made.jobId });
  await socket.close();
  tour.messages('The other user subscribes to the job on a WebSocket:', socket.messages);
  tour.require(
    socket.messages.some((message) => message.type === 'error' && message.code === 'NOT_FOUND'),
    'another user cannot follow the job',
  );
}
