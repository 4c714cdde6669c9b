import { spawn } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import bcrypt from 'bcrypt';
import { parseAdminArguments } from '../../../scripts/admin/arguments.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';
import { makeStackFolder } from '../../support/running-stack.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..', '..');
const command = path.join(root, 'dist', 'scripts', 'admin.js');

let persistence: RealPersistence;
let folder: string;
describe('admin command', () => {
  beforeAll(async () => {
    persistence = await openRealPersistence();
    folder = await makeStackFolder('infernode-admin-');
  });
  afterAll(async () => {
    await persistence.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Ended {
    readonly status: number | null;
    readonly out: string;
    readonly err: string;
  }

  function admin(
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; input?: string } = {},
  ): Promise<Ended> {
    const settings = options.env ?? { DATABASE_URL: persistence.database.url };
    const env = { PATH: process.env.PATH, BCRYPT_SALT_ROUNDS: '4', DATA_DIR: folder, ...settings };
    const child = spawn(process.execPath, [command, ...args], { cwd: folder, env });
    const read = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (read.out += String(chunk)));
    child.stderr.on('data', (chunk) => (read.err += String(chunk)));
    child.stdin.end(options.input ?? '');
    return new Promise((resolve) => child.once('close', (status) => resolve({ status, ...read })));
  }

  const json = ({ out }: Ended): unknown => JSON.parse(out);

  async function account(email: string) {
    const passwordHash = await bcrypt.hash('forgotten password', 4);
    return persistence.unitOfWork.run(({ users }) => users.create({ email, passwordHash, role: 'admin' }));
  }

  it('a lost password is reset, shown once, and ends all sessions', async () => {
    const { id, tokenVersion } = await account('boss@example.com');
    const made = await admin(['reset-password', 'BOSS@example.com', '--json']);
    expect(made).toMatchObject({ status: 0, err: '' });
    const { email, password } = json(made) as { email: string; password: string };
    expect(email).toBe('boss@example.com');
    const after = await persistence.unitOfWork.read.users.findById(id);
    expect(await bcrypt.compare(password, after?.passwordHash ?? '')).toBe(true);
    expect(after?.tokenVersion).toBe(tokenVersion + 1);

    const given = await admin(['reset-password', 'boss@example.com', '--password-stdin'], {
      input: 'a chosen password\n',
    });
    expect([given.status, given.out.includes('a chosen password')]).toEqual([0, false]);
    const chosen = await persistence.unitOfWork.read.users.findById(id);
    expect(await bcrypt.compare('a chosen password', chosen?.passwordHash ?? '')).toBe(true);
    const audit = await persistence.unitOfWork.read.audit.newest(1);
    expect(audit).toMatchObject([
      { actorId: null, action: 'admin reset-password', subject: { email: 'boss@example.com' } },
    ]);
    expect(JSON.stringify(audit)).not.toContain('chosen');
  });

  it('accounts are listed, recharged, disabled and enabled', async () => {
    const { id } = await account('rich@example.com');
    expect(json(await admin(['recharge', 'rich@example.com', '2.5', '--json']))).toEqual({
      email: 'rich@example.com',
      credits: 2.5,
      newBalance: 2.5,
    });
    const { read } = persistence.unitOfWork;
    expect(await read.ledger.listByUser(id, 9)).toMatchObject([{ kind: 'recharge', delta: 2_500_000n }]);
    expect(await admin(['disable', 'rich@example.com'])).toMatchObject({ status: 0 });
    expect((await read.users.findById(id))?.disabledAt).toBeInstanceOf(Date);
    const listed = json(await admin(['list', '--disabled', '--email', 'RICH', '--json']));
    expect(listed).toMatchObject({
      total: 1,
      users: [{ email: 'rich@example.com', credits: 2.5, disabled: true }],
    });
    expect((await admin(['list'])).out).toMatch(/rich@example\.com .* disabled/);
    expect(await admin(['enable', 'rich@example.com'])).toMatchObject({ status: 0 });
    expect((await read.users.findById(id))?.disabledAt).toBeNull();
  });

  it('says what is wrong with the command line (2) and why a command failed (1)', async () => {
    expect(await admin(['--help'])).toMatchObject({
      status: 0,
      out: expect.stringContaining('reset-password'),
    });
    const wrong: [readonly string[], string][] = [
      [[], 'A command is required'],
      [['remove', 'x@example.com'], 'Unknown command "remove"'],
      [['disable'], 'disable takes 1 arguments, 0 were given'],
      [['recharge', 'x@example.com', '-5'], "Unknown option '-5'"],
      [['recharge', 'x@example.com', '1e9'], '"1e9" is not a valid amount'],
      [['list', '--role', 'king'], '--role takes user or admin'],
      [['enable', 'x@example.com', '--role', 'user'], 'enable does not take --role'],
    ];
    for (const [args, message] of wrong)
      expect(() => parseAdminArguments(args)).toThrow(
        expect.objectContaining({ message: expect.stringContaining(message) }),
      );
    expect(await admin(['remove', 'x@example.com'])).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('Unknown command "remove"'),
    });
    const unknown = await admin(['disable', 'nobody@example.com', '--json']);
    expect(unknown).toMatchObject({ status: 1, out: '', err: expect.stringContaining('NOT_FOUND') });
    const short = await admin(['reset-password', 'boss@example.com', '--password-stdin'], {
      input: 'short\n',
    });
    expect(short).toMatchObject({ status: 1, err: expect.stringContaining('PASSWORD_TOO_SHORT') });
  });

  it('starts the embedded database for a command while no server runs, and stops it', async () => {
    const data = path.join(folder, 'stopped');
    expect(json(await admin(['list', '--json'], { env: { DATA_DIR: data } }))).toMatchObject({ users: [] });
    expect(await readdir(data)).not.toContain('postgres.json');
  });
});
