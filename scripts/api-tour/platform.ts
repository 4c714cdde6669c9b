import type { TourSetting } from './compatibility-routes.js';
import { showRemoteControl } from './platform-devices.js';
import { textAt, type Caller, type Tour } from './tour.js';

const CREDENTIALS = { email: 'platform@example.com', password: 'a long password' };

/** Settings of the tour of the platform. */
export interface PlatformSetting extends TourSetting {
  /** An API key of the configuration (`API_KEYS`) of the server. */
  readonly configuredKey: string;
}

const keyHeader = (name: string, value: string) => ({ header: 'Authorization: Api-Key ', name, value });

/** What answers each need of a platform, in this transcript or in a page. */
const CONTENTS: readonly (readonly [need: string, answer: string])[] = [
  ['Runtime, versions', '[The runtime](#the-runtime)'],
  [
    'Related programs: workers, engines, clients',
    '[architecture](architecture.md), [The clients](#the-clients)',
  ],
  ['Layout of the sources', '[The layout of the sources](#the-layout-of-the-sources)'],
  ['Swagger, both kinds of credentials', '[Swagger UI](#swagger-ui)'],
  ['Running locally', '[README](../README.md), [The settings to start from](#the-settings-to-start-from)'],
  ['Tests, lint, types', '[The commands](#the-commands-of-tests-checks-and-migrations)'],
  ['Containers', '[The files for containers](#the-files-for-containers), [operations](operations.md)'],
  ['Deployment, migrations before it', '[operations](operations.md#several-instances)'],
  [
    'Entities and migrations',
    '[A new table](#a-new-table), [The migrations](#the-migrations-of-the-database)',
  ],
  ['Remote-control namespace and its events', '[Remote control](#remote-control)'],
  ['Room of a user, presence', '[Remote control](#remote-control)'],
  [
    'Authentication of sockets',
    '[Remote control](#remote-control), [A ticket](#a-ticket-that-opens-one-websocket-within-30-seconds)',
  ],
  ['Progress of jobs with replay', '[Remote control](#remote-control)'],
  ['Several instances, stickiness', '[Several instances](#several-instances)'],
  ['Sign-in with a JWT', '[Sign-in](#sign-in-an-access-token-jwt-and-a-refresh-token)'],
  ['API keys of the configuration', '[A key of the configuration](#a-key-of-the-configuration-api_keys)'],
  [
    'API keys of an account',
    '[A new API key](#a-new-api-key-its-secret-is-shown-once-and-stored-as-a-digest)',
  ],
  ['Running a script by its name', '[A script by its name](#a-script-by-its-name)'],
  ['Quotas and credits', '[Quotas and the queue](#quotas-and-the-queue)'],
  ['Catalogue of networks with prices', '[The networks](#the-networks-with-their-constraints-and-prices)'],
  ['Cancelling jobs', '[Jobs](#jobs)'],
  ['Health', '[Documentation and health](#documentation-and-health)'],
  ['Queue board', '[Quotas and the queue](#quotas-and-the-queue)'],
];

function showContents(tour: Tour): void {
  tour.section('Contents', 'What a platform around media needs, and where it is shown.');
  const rows = CONTENTS.map(([need, answer]) => `| ${need} | ${answer} |`);
  tour.note(['| need | shown in |', '|---|---|', ...rows].join('\n'));
}

async function showDescription(tour: Tour): Promise<void> {
  tour.section('Documentation and health', 'Both also have versioned addresses.');
  await tour.call({ title: 'Swagger UI', method: 'GET', path: '/api/v1/api-docs/', expect: 200 });
  const { json } = await tour.quietly({ method: 'GET', path: '/api/openapi.json' });
  const document = Object(json) as { openapi?: unknown; components?: { securitySchemes?: object } };
  tour.messages('The OpenAPI document (`GET /api/openapi.json`) declares both kinds of credentials:', [
    { openapi: document.openapi, securitySchemes: document.components?.securitySchemes },
  ]);
  tour.require(
    Object.hasOwn(document.components?.securitySchemes ?? {}, 'apiKeyAuth'),
    'API keys are declared',
  );
  await tour.call({
    title: 'Health: database and Redis, each with a time limit; 503 and `degraded` if one fails',
    ...{ method: 'GET', path: '/api/v1/health', expect: 200 },
  });
}

/** Keys of the account and of the configuration. */
async function showKeys(tour: Tour, user: Caller, configuredKey: string): Promise<void> {
  const key = await tour.call({
    title: 'A new API key; its secret is shown once and stored as a digest',
    ...{ method: 'POST', path: '/api/keys', bearer: user, expect: 201 },
    json: { name: 'Line 3', scopes: ['jobs:read', 'account:read'], expiresAt: '2035-01-01T00:00:00.000Z' },
  });
  const secret = keyHeader('KEY', textAt(key.json, 'secret'));
  await tour.call({
    title: 'The key reads the balance',
    ...{ method: 'GET', path: '/api/user/credits', secret, expect: 200 },
  });
  await tour.call({
    title: 'It does not do what its scopes do not say',
    ...{ method: 'POST', path: '/api/dataset', secret, json: { name: 'no', tags: [] } },
    ...{ expect: 403, code: 'SCOPE_MISSING' },
  });
  await tour.call({
    title: 'The keys of the account',
    method: 'GET',
    path: '/api/keys',
    bearer: user,
    expect: 200,
  });
  await tour.call({
    title: 'A key of the configuration (`API_KEYS`)',
    ...{
      method: 'GET',
      path: '/api/user/credits',
      secret: keyHeader('CONFIGURED_KEY', configuredKey),
      expect: 200,
    },
  });
}

/** Sign-in by password and by API keys. */
async function showCredentials(tour: Tour, { admin, configuredKey }: PlatformSetting) {
  tour.section('Credentials', 'See [authentication](authentication.md).');
  const registered = await tour.quietly({ method: 'POST', path: '/api/auth/register', json: CREDENTIALS });
  const login = await tour.call({
    title: 'Sign-in: an access token (JWT) and a refresh token',
    ...{ method: 'POST', path: '/api/auth/login', json: CREDENTIALS, expect: 200 },
  });
  const user: Caller = { name: 'TOKEN', token: textAt(login.json, 'token') };
  await tour.call({
    title: 'The keys of the server, by which others verify its tokens',
    ...{ method: 'GET', path: '/.well-known/jwks.json', expect: 200 },
  });
  await showKeys(tour, user, configuredKey);
  const ticket = await tour.call({
    title: 'A ticket that opens one WebSocket within 30 seconds',
    ...{ method: 'POST', path: '/api/websocket/tickets', bearer: user, expect: 201 },
  });
  const signedIn = await tour.quietly({ method: 'POST', path: '/api/auth/login', json: admin });
  return {
    user,
    userId: textAt(registered.json, 'user', 'id'),
    admin: { name: 'ADMIN_TOKEN', token: textAt(signedIn.json, 'token') },
    ticket: textAt(ticket.json, 'ticket'),
  };
}

/** A job of a user, which is cancelled. */
async function showJobs(tour: Tour, user: Caller, clip: string): Promise<string> {
  tour.section('Jobs', 'Prices are those that jobs are charged by; a job is cancelled wherever it is.');
  await tour.call({
    title: 'The networks with their constraints and prices',
    ...{ method: 'GET', path: '/api/models', bearer: user, expect: 200 },
  });
  const created = await tour.quietly({
    method: 'POST',
    path: '/api/dataset',
    bearer: user,
    json: { name: 'Line 3', tags: [] },
  });
  const datasetId = textAt(created.json, 'dataset', 'id');
  const form = { content: clip, name: 'clip', type: 'video' };
  await tour.quietly({ method: 'POST', path: `/api/dataset/${datasetId}/videos`, bearer: user, form });
  const job = await tour.quietly({
    ...{ method: 'POST', path: '/api/inference', bearer: user },
    json: { datasetId, parameters: { detector: 'ORB', goalFrameId: 0, device: 'cpu' } },
  });
  const jobId = textAt(job.json, 'jobId', 0);
  await tour.call({
    title: 'Cancelling a job releases what it has not used',
    ...{ method: 'POST', path: `/api/jobs/${jobId}/cancel`, bearer: user, expect: 202 },
  });
  await tour.call({
    title: 'Cancelling all jobs that a filter finds',
    ...{
      method: 'POST',
      path: '/api/jobs/cancel',
      bearer: user,
      json: { task: 'cns' },
      expect: 200,
    },
  });
  return jobId;
}

async function showQuotas(
  tour: Tour,
  { user, userId, admin }: { readonly user: Caller; readonly userId: string; readonly admin: Caller },
): Promise<void> {
  tour.section('Quotas and the queue', 'Uploads of a day are counted from 07:00 UTC.');
  await tour.call({
    title: 'The quota of a new user',
    method: 'GET',
    path: '/api/user/quota',
    bearer: user,
    expect: 200,
  });
  await tour.call({
    title: 'An admin changes a limit',
    ...{
      method: 'PUT',
      path: `/api/admin/users/${userId}/limits`,
      bearer: admin,
      json: { waitingJobs: 5 },
      expect: 200,
    },
  });
  await tour.call({
    title: 'The queue board without sign-in',
    method: 'GET',
    path: '/api/admin/queues',
    ...{ expect: 403, code: 'FORBIDDEN' },
  });
  await tour.call({
    title: 'The queue board for an admin',
    ...{ method: 'GET', path: '/api/admin/queues', bearer: admin, expect: 200 },
  });
}

/** Commands of the checkout, with what they print. */
async function showCommands(tour: Tour): Promise<void> {
  tour.section('Commands', 'In the folder of a checkout; `scripts/README.md` lists all of them.');
  await tour.command('The runtime', 'node --version && npm pkg get engines');
  await tour.command('The layout of the sources', 'ls src');
  await tour.command('The clients', 'ls clients clients/*/README.md');
  await tour.command('The settings to start from', 'cat .env.example .env.test', {
    shown: (line) => line !== '',
  });
  await tour.command('The commands of tests, checks and migrations', 'npm run', {
    shown: (line) => /^ {2}(test|lint|typecheck|migration|entity|husky|dev$)/.test(line),
  });
  await tour.command('The files for containers', 'ls Dockerfile docker-compose.yml deploy deploy/nginx');
  await tour.command(
    'A new table',
    'npm run --silent entity:create -- --help && npm run --silent migration:generate -- --help',
    { shown: (line) => line !== '' },
  );
  await tour.command('The migrations of the database', 'npm run --silent migration:show | tail -3');
  await tour.command('A script by its name', 'script=remote.ts npm run --silent script -- --help', {
    shown: (line) => line !== '',
  });
}

/** The tour of what surrounds the media: credentials, devices, quotas, commands. */
export async function walkPlatform(tour: Tour, setting: PlatformSetting): Promise<void> {
  showContents(tour);
  await showDescription(tour);
  const { ticket, ...callers } = await showCredentials(tour, setting);
  const { user } = callers;
  const jobId = await showJobs(tour, user, setting.clip);
  await showRemoteControl(tour, setting, { user, jobId, ticket });
  tour.section('Several instances', 'See [several instances](operations.md#several-instances).');
  await tour.call({
    title: 'Long polling that reaches another instance needs stickiness',
    ...{ method: 'GET', path: '/socket.io/?EIO=4&transport=polling&sid=of-another-instance', expect: 400 },
  });
  await showQuotas(tour, callers);
  await showCommands(tour);
}
