import { v7 as uuid } from 'uuid';
import { SCOPE_NAMES, type Scope } from '../../../src/domain/scopes.js';
import { allOperations } from '../../../src/schemas/openapi.js';
import { buildOpenApiDocument } from '../../../src/schemas/openapi.js';
import type { Operation } from '../../../src/schemas/operation.js';
import { TokenService } from '../../../src/services/token.service.js';
import { digestOfSecret, generateSecret } from '../../../src/services/secret-text.js';
import { addVideos } from '../../support/api-seeds.js';
import { gradient, pngOf, rectangleMask } from '../../support/inpainting-run.js';
import { FAKE_GOAL } from '../../support/servo-client.js';
import { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

type Security = readonly Readonly<Record<string, readonly string[]>>[];

/** Any value that the parameter accepts; nothing has this id. */
const PARAMETERS: Readonly<Record<string, string>> = {
  email: 'nobody@example.com',
  type: 'image',
  kind: 'dataset',
};
const pathOf = ({ path }: Operation): string =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => PARAMETERS[name] ?? '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c');

/** What the document says: the scope, null for any key, undefined where keys are not accepted. */
const document = buildOpenApiDocument({ version: 'test' });
function scopeOf({ path, method }: Operation): Scope | null | undefined {
  const documented = document.paths?.[path.replaceAll(/:(\w+)/g, '{$1}')][method];
  const security = (documented?.security ?? []) as Security;
  const scopes = security.find((entry) => 'apiKeyAuth' in entry)?.apiKeyAuth;
  return scopes && ((scopes[0] as Scope | undefined) ?? null);
}

/** Uploads an image with its mask to a dataset. */
async function addPair(client: ApiClient, datasetName: string): Promise<void> {
  const size = { width: 32, height: 32 };
  const hole = { left: 8, top: 8, right: 12, bottom: 12 };
  const body = new FormData();
  body.append('datasetName', datasetName);
  const files = { image: gradient(size.width, size.height), mask: rectangleMask(size, hole) };
  for (const [name, pixels] of Object.entries(files))
    body.append(name, new Blob([new Uint8Array(await pngOf(pixels, size))]), `${name}.png`);
  expect((await client.call('POST', '/api/datasets/data', { body })).status).toBe(201);
}

describe('every operation that needs a credential', () => {
  let api: TestApi;
  let userId: string;
  let disabledId: string;
  let expired: string;
  let disabled: string;
  const keys = new Map<string, string>();
  const tokens = { user: '', admin: '', expired: '', disabled: '' };
  const signedIn = async (name: string) => {
    const body = { email: `${name}@example.com`, password: 'correct horse' };
    const { at } = await api.anonymous.post('/api/auth/login', body);
    return { client: new ApiClient(api.url, String(at('token'))) };
  };

  async function keyOf(owner: string, scopes: readonly Scope[], expiresAt: Date | null = null) {
    const id = uuid();
    const secret = generateSecret('infk_', id);
    await api.persistence.unitOfWork.read.apiKeys.create({
      id,
      userId: owner,
      name: 'A key',
      scopes,
      sha256: digestOfSecret(secret),
      expiresAt,
      ipRanges: [],
      rateLimitPerMinute: null,
    });
    return secret;
  }

  beforeAll(async () => {
    api = await startTestApi({ settings: { LOGIN_ATTEMPTS_PER_15_MINUTES: '1000' } });
    const owner = await api.user('owner', 'admin');
    const other = await api.user('disabled', 'admin');
    userId = owner.user.id;
    disabledId = other.user.id;
    const { token, user: plain } = await api.user('plain');
    const issuer = { issuer: 'infernode', audience: 'infernode-api', accessSeconds: 60 };
    const yesterday = new TokenService(api.keys, issuer, () => new Date(Date.now() - 86_400_000));
    Object.assign(tokens, { user: token, admin: owner.token, disabled: other.token });
    tokens.expired = await yesterday.issue(owner.user);
    for (const scope of SCOPE_NAMES) {
      keys.set(scope, await keyOf(userId, [scope]));
      keys.set(
        `all but ${scope}`,
        await keyOf(
          userId,
          SCOPE_NAMES.filter((name) => name !== scope),
        ),
      );
    }
    expired = await keyOf(userId, SCOPE_NAMES, new Date(Date.now() - 1000));
    disabled = await keyOf(disabledId, SCOPE_NAMES);
    keys.set('of a user', await keyOf(plain.id, SCOPE_NAMES));
    await api.persistence.unitOfWork.run(({ users }) => users.setDisabled(disabledId, true));
  });
  afterAll(() => api.close());

  const askWith = async (operation: Operation, token: string, path = pathOf(operation)) =>
    new ApiClient(api.url, token).call(operation.method.toUpperCase(), path, {});
  const ask = async (operation: Operation, key?: string) => {
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Api-Key ${key}` };
    const client = new ApiClient(api.url, undefined, headers);
    // Answers that the document does not know fail in the client.
    return client.call(operation.method.toUpperCase(), pathOf(operation), {});
  };

  const guarded = allOperations.filter(({ access }) => access !== 'public');
  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s',
    async (_name, operation) => {
      const anonymous = await ask(operation);
      expect([anonymous.status, anonymous.at('code')]).toEqual([401, 'TOKEN_MISSING']);
      const old = await ask(operation, expired);
      expect([old.status, old.at('code')]).toEqual([401, 'API_KEY_EXPIRED']);
      const ended = await ask(operation, disabled);
      expect([ended.status, ended.at('code')]).toEqual([401, 'API_KEY_REVOKED']);
      const scope = scopeOf(operation);
      if (scope === undefined) {
        const refused = await ask(operation, keys.get('all but servo'));
        expect([refused.status, refused.at('code')]).toEqual([403, 'API_KEY_NOT_ACCEPTED']);
        return;
      }
      if (scope !== null) {
        const refused = await ask(operation, keys.get(`all but ${scope}`));
        expect([refused.status, refused.at('code')]).toEqual([403, 'SCOPE_MISSING']);
        expect([refused.at('requiredScope'), refused.at('message')]).toEqual([
          scope,
          expect.stringContaining(scope),
        ]);
      }
      const allowed = await ask(operation, keys.get(scope ?? 'servo'));
      expect([401, 403, 429, 500]).not.toContain(allowed.status);
      if (operation.access !== 'admin') return;
      const ofUser = await ask(operation, keys.get('of a user'));
      expect([ofUser.status, ofUser.at('code')]).toEqual([403, 'FORBIDDEN']);
    },
  );

  it.each(guarded.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s, with access tokens',
    async (_name, operation) => {
      const old = await askWith(operation, tokens.expired);
      expect([old.status, old.at('code')]).toEqual([401, 'TOKEN_EXPIRED']);
      const ended = await askWith(operation, tokens.disabled);
      expect([ended.status, ended.at('code')]).toEqual([401, 'TOKEN_REVOKED']);
      const user = await askWith(operation, tokens.user);
      if (operation.access === 'admin') expect([user.status, user.at('code')]).toEqual([403, 'FORBIDDEN']);
      else expect([401, 403, 429, 500]).not.toContain(user.status);
      const admin = await askWith(operation, tokens.admin);
      expect([401, 403, 429, 500]).not.toContain(admin.status);
    },
  );

  const open = allOperations.filter(({ access }) => access === 'public');
  it(`is one of ${String(guarded.length)}; the other ${String(open.length)} are open to all`, async () => {
    const documented = Object.values(document.paths ?? {}).flatMap((item) => Object.keys(item));
    expect(guarded.length + open.length).toBe(documented.length);
    for (const operation of open) {
      const anonymous = await ask(operation);
      expect([operation.path, anonymous.at('code')]).not.toEqual([operation.path, 'TOKEN_MISSING']);
      expect([403, 500]).not.toContain(anonymous.status);
    }
  });

  describe('on an object of another user', () => {
    /** Paths of the owner's objects by the path of their routes. */
    const objects = new Map<string, string>();
    beforeAll(async () => {
      const { client, user } = await api.user('holder');
      const idAt = async (path: string, body: object, place: string) => {
        const made = await client.post(path, body);
        expect(made.status).toBe(201);
        return String(made.at(place));
      };
      const datasetId = await idAt('/api/dataset', { name: 'Clips' }, 'dataset.id');
      await idAt('/api/datasets', { name: 'masked' }, 'data.name');
      await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
      const job = { datasetId, parameters: { detector: 'ORB' } };
      objects.set('/api/dataset/:id', `/api/dataset/${datasetId}`);
      objects.set('/api/datasets/:name', '/api/datasets/masked');
      const jobId = await idAt('/api/inference', job, 'jobId.0');
      objects.set('/api/jobs/:id', `/api/jobs/${jobId}`);
      await addPair(client, 'masked');
      const fillId = await idAt('/api/inferences', { datasetName: 'masked' }, 'jobId');
      objects.set('/api/inferences/:id', `/api/inferences/${fillId}`);
      objects.set('/api/inferences/job/:jobId', `/api/inferences/job/${fillId}`);
      const sessions = await (await signedIn('holder')).client.get('/api/auth/sessions');
      objects.set('/api/auth/sessions/:id', `/api/auth/sessions/${String(sessions.at('data.0.id'))}`);
      const [{ id: itemId }] = await api.persistence.unitOfWork.read.datasets.items(datasetId);
      objects.set('/api/dataset/:id/items/:itemId', `/api/dataset/${datasetId}/items/${itemId}`);
      for (const path of ['status', 'result/json', 'result/zip'])
        objects.set(`/api/inference/${path}/:id`, `/api/inference/${path}/${jobId}`);
      const key = { name: 'camera', scopes: ['servo'] };
      objects.set('/api/keys/:id', `/api/keys/${await idAt('/api/keys', key, 'apiKey.id')}`);
      const hook = { url: 'https://example.com/hook' };
      objects.set('/api/webhooks/:id', `/api/webhooks/${await idAt('/api/webhooks', hook, 'webhook.id')}`);
      objects.set('/api/users/:userId', `/api/users/${user.id}`);
      const mediaId = String((await client.get('/api/media')).at('media.0.id'));
      objects.set('/api/media/:id', `/api/media/${mediaId}`);
      const clip = { datasetId, name: 'Clip', extension: 'mp4', size: 1000 };
      const uploadId = await idAt('/api/uploads/multipart', clip, 'uploadId');
      objects.set('/api/uploads/multipart/:id', `/api/uploads/multipart/${uploadId}`);
      objects.set('/api/v1/dream/:uuid', `/api/v1/dream/${uploadId}`);
      const tus = await client.call('POST', '/api/uploads/tus', {
        headers: {
          'tus-resumable': '1.0.0',
          'upload-length': '1000',
          'upload-metadata': `dataset ${btoa(datasetId)},filename ${btoa('Clip.mp4')},filetype ${btoa('video/mp4')}`,
        },
      });
      expect(tus.status).toBe(201);
      objects.set('/api/uploads/tus/:id', new URL(tus.headers.get('location') ?? '', api.url).pathname);
      const session = { goal: FAKE_GOAL, record: true };
      objects.set(
        '/api/servo/sessions/:id',
        `/api/servo/sessions/${await idAt('/api/servo/sessions', session, 'session.id')}`,
      );
      const files = { kind: 'videos', urls: [{ url: 'https://example.com/clip.mp4' }] };
      const imports = await client.post(`/api/dataset/${datasetId}/imports`, files);
      expect(imports.status).toBe(202);
      const importPath = `/api/dataset/${datasetId}/imports/${String(imports.at('importId'))}`;
      objects.set('/api/dataset/:id/imports/:importId', importPath);
      const hookPath = objects.get('/api/webhooks/:id') ?? '';
      const sent = await client.post(`${hookPath}/ping`, {});
      objects.set(
        '/api/webhooks/:id/deliveries/:deliveryId',
        `${hookPath}/deliveries/${String(sent.at('delivery.id'))}`,
      );
      const trashed = await idAt('/api/dataset', { name: 'Gone' }, 'dataset.id');
      expect((await client.delete(`/api/dataset/${trashed}`)).status).toBeLessThan(300);
      objects.set('/api/trash/:kind/:id', `/api/trash/dataset/${trashed}`);
    });

    /** The longest one of a route counts. */
    const prefixes = [
      '/api/auth/sessions/:id',
      '/api/dataset/:id/imports/:importId',
      '/api/dataset/:id/items/:itemId',
      '/api/webhooks/:id/deliveries/:deliveryId',
      '/api/inference/status/:id',
      '/api/inference/result/json/:id',
      '/api/inference/result/zip/:id',
      '/api/inferences/job/:jobId',
      '/api/inferences/:id',
      '/api/media/:id',
      '/api/servo/sessions/:id',
      '/api/trash/:kind/:id',
      '/api/uploads/multipart/:id',
      '/api/uploads/tus/:id',
      '/api/v1/dream/:uuid',
      '/api/dataset/:id',
      '/api/datasets/:name',
      '/api/jobs/:id',
      '/api/keys/:id',
      '/api/webhooks/:id',
      '/api/users/:userId',
    ];
    const owned = guarded.flatMap((operation) => {
      const prefix = prefixes.find((start) => `${operation.path}/`.startsWith(`${start}/`));
      return prefix === undefined
        ? []
        : [[`${operation.method} ${operation.path}`, operation, prefix] as const];
    });

    it.each(owned)('%s does not find it', async (_name, operation, prefix) => {
      const path = pathOf({ ...operation, path: operation.path.replace(prefix, objects.get(prefix) ?? '') });
      const missing = pathOf(operation);
      for (const token of [tokens.user, tokens.admin]) {
        const stranger = await askWith(operation, token, path);
        const nobody = await askWith(operation, token, missing);
        // The answer is that for an object that does not exist; a missing body is told first.
        expect([stranger.status, stranger.at('code')]).toEqual([nobody.status, nobody.at('code')]);
        expect([400, 404, 415]).toContain(stranger.status);
      }
    });

    it.each([
      ['delete', '/api/dataset/:id/items/:itemId'],
      ['get', '/api/dataset/:id/imports/:importId'],
      ['delete', '/api/dataset/:id/imports/:importId'],
      ['get', '/api/webhooks/:id/deliveries/:deliveryId'],
      ['post', '/api/webhooks/:id/deliveries/:deliveryId/redeliver'],
    ])('%s %s does not find it within an own object', async (method, route) => {
      const own = new ApiClient(api.url, tokens.user);
      const isWebhook = route.startsWith('/api/webhooks');
      const made = isWebhook
        ? await own.post('/api/webhooks', { url: 'https://example.com/own' })
        : await own.post('/api/dataset', { name: `Own for ${method} ${route}` });
      const ownId = String(made.at(isWebhook ? 'webhook.id' : 'dataset.id'));
      const [whole = ''] = [...objects.keys()].filter(
        (known) => route.startsWith(known) && known.split(':').length > 2,
      );
      const foreign = (objects.get(whole) ?? '').split('/');
      foreign[3] = ownId;
      const path = [foreign.join('/'), route.slice(whole.length)].join('');
      const answer = await own.call(method.toUpperCase(), path, {});
      expect([answer.status, answer.at('code')]).toEqual([404, 'NOT_FOUND']);
    });

    it('is tried on every route that names one', () => {
      const tried = new Set(owned.map(([, operation]) => operation));
      const others = guarded
        .filter(
          (operation) =>
            operation.access !== 'admin' && operation.path.includes(':') && !tried.has(operation),
        )
        .map(({ path }) => path);
      // Networks have no owner; rights to them have tests of their own.
      expect(others.filter((path) => !/^\/(api|v2)\/models\/:/.test(path))).toEqual([]);
    });

    it('leaves it as it is', async () => {
      const { client } = await signedIn('holder');
      const readable = new Set(guarded.filter(({ method }) => method === 'get').map(({ path }) => path));
      for (const [prefix, path] of objects)
        if (prefix !== '/api/users/:userId' && readable.has(prefix))
          // 409: the job has not ended.
          expect([`200 ${path}`, `409 ${path}`]).toContain(`${(await client.get(path)).status} ${path}`);
      expect((await client.get('/api/trash')).at('data')).toHaveLength(1);
      expect((await client.get('/api/uploads')).at('data')).toHaveLength(2);
      expect((await client.get('/api/users/profile')).status).toBe(200);
    });
  });

  it('declares a known scope; only the own account is closed to keys, only the catalogue is open to all', () => {
    const by = (scope: unknown) =>
      guarded.filter((operation) => operation.scope === scope).map(({ operationId }) => operationId);
    const admin = guarded.filter(({ access, scope }) => access === 'admin' && scope !== 'admin');
    // Its link gives all rights of an account.
    expect(admin.map(({ operationId }) => operationId)).toEqual(['createPasswordReset']);
    expect(by('no-key').sort()).toEqual([
      'changePassword',
      'createPasswordReset',
      'deleteAccount',
      'endOtherSessions',
      'endSession',
      'listSessions',
      'logout',
      'updateAccount',
    ]);
    expect(by('any-key')).toContain('listModels');
    for (const scope of SCOPE_NAMES) expect(by(scope).length).toBeGreaterThan(0);
  });
});
