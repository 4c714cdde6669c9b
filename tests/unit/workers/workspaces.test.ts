import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ClaimedJob } from '../../../src/services/job-recorder.service.js';
import { openFromWorkspace, Workspaces } from '../../../src/workers/workspaces.js';

const JOB = '01890a5d-ac96-774b-bcce-b302099a8057';
const FENCE = '01890a5d-ac96-774b-bcce-b302099a8058';
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8059';
const OTHER_JOB = '01890a5d-ac96-774b-bcce-b302099a805a';

let root: string;

describe('workspaces', () => {
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'infernode-workspaces-'));
  });

  afterEach(() => rm(root, { recursive: true, force: true }));

  const claimOf = (fence: string, id = JOB) => ({ job: { id }, fence }) as ClaimedJob;

  it('every start has a folder of its own that only we can read', async () => {
    const workspaces = new Workspaces(path.join(root, 'all'));

    const first = await workspaces.create(claimOf(FENCE));
    const second = await workspaces.create(claimOf(OTHER, OTHER_JOB));

    expect(first).not.toBe(second);
    expect((await stat(first)).mode & 0o777).toBe(0o700);
  });

  it("a new start clears what the job's earlier starts left, and nothing of other jobs", async () => {
    const workspaces = new Workspaces(root);
    await writeFile(path.join(await workspaces.create(claimOf(FENCE)), 'half.zip'), 'x');
    const neighbour = await workspaces.create(claimOf(FENCE, OTHER_JOB));

    const next = await workspaces.create(claimOf(OTHER));

    expect((await readdir(root)).toSorted()).toEqual(
      [neighbour, next].map((p) => path.basename(p)).toSorted(),
    );
  });

  it('the sweep removes the folders of dead starts and nothing else', async () => {
    const workspaces = new Workspaces(root);
    const alive = await workspaces.create(claimOf(FENCE));
    await writeFile(path.join(await workspaces.create(claimOf(OTHER, OTHER_JOB)), 'half.zip'), 'x');
    await mkdir(path.join(root, 'not-ours'));

    const removed = await workspaces.sweep(async ({ fence }) => fence === FENCE);

    expect(removed).toBe(1);
    expect((await readdir(root)).toSorted()).toEqual([path.basename(alive), 'not-ours'].toSorted());
  });

  it('a sweep before the first start finds nothing and does not fail', async () => {
    expect(await new Workspaces(path.join(root, 'missing')).sweep(async () => false)).toBe(0);
  });

  it('a result inside the workspace can be read again from its start', async () => {
    await writeFile(path.join(root, 'result.zip'), 'zip bytes');

    const open = await openFromWorkspace(root, path.join(root, 'result.zip'));

    for (let time = 0; time < 2; time += 1) {
      const chunks: Buffer[] = [];
      for await (const chunk of open()) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe('zip bytes');
    }
  });

  it('an engine cannot make us publish a file outside its workspace', async () => {
    const workspace = path.join(root, 'workspace');
    await mkdir(workspace);
    await writeFile(path.join(root, 'secret'), 'of another user');
    await symlink(path.join(root, 'secret'), path.join(workspace, 'link.zip'));

    for (const file of ['../secret', path.join(root, 'secret'), 'link.zip', 'missing.zip', '.']) {
      await expect(openFromWorkspace(workspace, file)).rejects.toMatchObject({ code: 'RESULT_MISSING' });
    }
  });
});
