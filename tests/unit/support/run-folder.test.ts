import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemCluster } from '../../../src/lifecycle/system-clusters.js';
import { openRunFolder } from '../../support/run-folder.js';

describe('the folder of a test run', () => {
  let parent: string;
  let system: string;

  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'infernode-run-folder-'));
    system = path.join(parent, 'system');
  });
  afterEach(() => rm(parent, { recursive: true, force: true }));

  /** A data folder and its cluster in the system folder, as root's server makes them. */
  async function makeCluster(run: string): Promise<void> {
    const dataFolder = path.join(run, 'stack', 'data');
    await mkdir(dataFolder, { recursive: true });
    await mkdir(systemCluster(dataFolder, system));
  }

  it('takes the place of what killed runs have left, and of nothing else', async () => {
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    const killed = path.join(parent, `infernode-tests-${ended}-a`);
    const running = path.join(parent, `infernode-tests-${process.pid}-b`);
    const other = path.join(parent, 'somebody-else');
    const soak = path.join(parent, 'infernode-soak-aB3dE6');
    for (const run of [killed, running, other, soak]) await makeCluster(run);
    await rm(soak, { recursive: true });
    // Of a data folder that is gone, but that no test made.
    await rm(other, { recursive: true });
    await writeFile(path.join(killed, 'postmaster.pid'), `${ended}\n`);

    const folder = openRunFolder(parent, system);

    expect((await readdir(parent)).sort()).toEqual(
      [path.basename(folder.path), path.basename(running), 'system'].sort(),
    );
    expect(await readdir(system)).toHaveLength(2);
  });

  it('goes with its clusters', async () => {
    const folder = openRunFolder(parent, system);
    await makeCluster(folder.path);
    expect(await readdir(system)).toHaveLength(1);
    folder.remove();
    expect(await readdir(parent)).toEqual(['system']);
    expect(await readdir(system)).toEqual([]);
  });
});
