import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { addVideos, completeJob } from '../../support/api-seeds.js';
import type { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { connectRemote, type RemoteClient } from '../../support/remote-client.js';

/** `npm run remote`, and python-socketio where it is installed, as devices of a running server. */
const PYTHON = process.env.INFERNODE_PYTHON ?? 'python3';
const hasPython =
  spawnSync(PYTHON, ['-c', 'import socketio, websocket, requests'], { stdio: 'ignore' }).status === 0;

let api: TestApi;
let http: ApiClient;
let token: string;
let userId: string;
let player: RemoteClient;

beforeAll(async () => {
  api = await startTestApi();
  const made = await api.user('ada');
  ({ client: http, token } = made);
  userId = made.user.id;
});
afterAll(() => api.close());
beforeEach(async () => {
  player = await connectRemote(api.url, { auth: { token } });
});
afterEach(() => player.close());

async function run(program: string, args: readonly string[], env: Record<string, string>, input = '') {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (output.stdout += text.toString('utf8')));
  child.stderr.on('data', (text: Buffer) => (output.stderr += text.toString('utf8')));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { ...output, code };
}

/** What `npm run remote` runs. */
const remote = (args: readonly string[], env: Record<string, string>, input?: string) =>
  run(process.execPath, ['dist/scripts/remote.js', '--url', api.url, ...args], env, input);

async function endedJob(): Promise<string> {
  const { unitOfWork } = api.persistence;
  const datasetId = String((await http.post('/api/dataset', { name: crypto.randomUUID() })).at('dataset.id'));
  await addVideos(unitOfWork, { datasetId, userId }, 1);
  const jobId = String((await http.post('/api/inference', { datasetId })).at('jobId.0'));
  await completeJob(unitOfWork, jobId, Buffer.from('zip'));
  return jobId;
}

const received = () => player.next('new_remote_control_event');

describe('npm run remote', () => {
  it('sends one event and prints what the server sends', async () => {
    const { stdout, stderr, code } = await remote(['seek', '12.5'], { INFERNODE_TOKEN: token });
    expect([stderr, code]).toEqual(['', 0]);
    expect(await received()).toEqual({ event: 'seek', value: 12.5 });
    expect(stdout).toContain('new_remote_control_event {"event":"seek","value":12.5}');
    await player.next('goodbye');
  });

  it('sends the event of each line, and says which line is refused', async () => {
    const env = { INFERNODE_PASSWORD: 'correct horse' };
    const args = ['--email', 'ada@example.com'];
    const { stderr, code } = await remote(args, env, 'next\nexplode\nspeed\n\nspeed fast\nbrighter\n');
    expect(code).toBe(0);
    expect([await received(), await received()]).toEqual([{ event: 'next' }, { event: 'brighter' }]);
    const refused = stderr.trim().split('\n');
    expect(refused).toHaveLength(3);
    for (const line of refused) expect(line).toMatch(/^The data of new_remote_control_event is not valid/);
  });

  it('follows a job with an API key', async () => {
    const jobId = await endedJob();
    const made = await http.post('/api/keys', { name: 'Remote', scopes: ['jobs:read'] });
    const env = { INFERNODE_API_KEY: String(made.at('secret')) };
    const { stdout } = await remote(['--job', jobId], env, 'status\n');
    expect(stdout).toMatch(
      new RegExp(`job:progress \\{"jobId":"${jobId}".*"status":"COMPLETED","progress":100`),
    );
  });

  it.each([
    [
      'an unknown control',
      ['explode'],
      () => ({ INFERNODE_TOKEN: token }),
      /new_remote_control_event is not valid/,
    ],
    ['a seek to nowhere', ['seek', 'there'], () => ({ INFERNODE_TOKEN: token }), /not valid/],
    [
      'a forged token',
      ['next'],
      () => ({ INFERNODE_TOKEN: 'a.b.c' }),
      /refuses the connection: .*access token/,
    ],
    ['no credential', ['next'], () => ({}), /Set INFERNODE_API_KEY or INFERNODE_TOKEN/],
    [
      'a wrong password',
      ['--email', 'ada@example.com', 'next'],
      () => ({ INFERNODE_PASSWORD: 'wrong horse' }),
      /401/,
    ],
  ])('ends with code 1 for %s', async (_, args, env, message) => {
    const { stderr, code } = await remote(args, env());
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });
});

describe('python-socketio', () => {
  it('is there where INFERNODE_REQUIRE_PYTHON=1 says so', () => {
    if (process.env.INFERNODE_REQUIRE_PYTHON === '1') expect(hasPython ? 'present' : PYTHON).toBe('present');
  });

  (hasPython ? it : it.skip)('connects with each kind of credential, controls and gets replays', async () => {
    const jobId = await endedJob();
    const keyWith = async (scope: string) =>
      String((await http.post('/api/keys', { name: scope, scopes: [scope] })).at('secret'));
    const key = await keyWith('jobs:read');
    const ticket = String((await http.post('/api/websocket/tickets')).at('ticket'));
    const credentials = {
      // First, since a ticket ends after 30 seconds.
      ticket: { auth: { ticket } },
      'used ticket': { auth: { ticket } },
      token: { auth: { token } },
      'bearer header': { headers: { Authorization: `Bearer ${token}` } },
      'API key': { auth: { apiKey: key } },
      'API key header': { headers: { 'X-API-Key': key } },
      'other scheme of the header': { headers: { Authorization: `Api-Key ${key}` } },
      nothing: {},
      'forged token': { auth: { token: 'a.b.c' } },
      'missing scope': { auth: { apiKey: await keyWith('classify') } },
    };
    const input = JSON.stringify({ credentials, jobId });
    const { stdout, stderr, code } = await run(
      PYTHON,
      ['tests/support/remote_client.py', api.url],
      {},
      input,
    );
    expect([stderr, code]).toEqual(['', 0]);
    const refusal = (message: string, dataCode = message) =>
      expect.objectContaining({ message, data: expect.objectContaining({ code: dataCode }) });
    expect(JSON.parse(stdout)).toEqual({
      outcomes: {
        ticket: 'connected',
        'used ticket': refusal('UNAUTHORIZED', 'INVALID_TICKET'),
        token: 'connected',
        'bearer header': 'connected',
        'API key': 'connected',
        'API key header': 'connected',
        'other scheme of the header': 'connected',
        nothing: refusal('UNAUTHORIZED', 'TOKEN_MISSING'),
        'forged token': refusal('UNAUTHORIZED', 'INVALID_TOKEN'),
        'missing scope': refusal('SCOPE_MISSING'),
      },
      polling: 'connected',
      acknowledged: { ok: true },
      echoed: { event: 'seek', value: 12.5 },
      refused: expect.objectContaining({ ok: false }),
      error: expect.objectContaining({ code: 'BAD_MESSAGE', event: 'new_remote_control_event' }),
      replayed: { timecode: '12.5' },
      progress: expect.objectContaining({ jobId, dream_uuid: jobId, status: 'COMPLETED', progress: 100 }),
    });
  });
});
