import { chmodSync, existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { abandonedClusters, removeCluster, systemCluster } from '../../../src/lifecycle/system-clusters.js';

let system: string;
let data: string;
describe('system clusters', () => {
  beforeEach(async () => {
    system = await mkdtemp(path.join(tmpdir(), 'infernode-system-'));
    data = await mkdtemp(path.join(tmpdir(), 'infernode-data-'));
  });
  afterEach(async () => {
    await rm(system, { recursive: true, force: true });
    await rm(data, { recursive: true, force: true });
  });

  async function makeCluster(): Promise<string> {
    const cluster = systemCluster(data, system);
    await mkdir(cluster, { recursive: true });
    await writeFile(path.join(cluster, 'PG_VERSION'), '18\n');
    return cluster;
  }

  it('a cluster is abandoned once its data folder is gone, and only then removed', async () => {
    const cluster = await makeCluster();
    expect(abandonedClusters(system)).toEqual([]);
    await rm(data, { recursive: true });
    const [abandoned, ...others] = abandonedClusters(system);
    expect(others).toEqual([]);
    expect(abandoned).toMatchObject({ folder: path.dirname(cluster), dataFolder: data });
    expect(removeCluster(abandoned)).toBe(true);
    expect(existsSync(path.dirname(cluster))).toBe(false);
  });

  it('one whose folder is not noted is listed and left', async () => {
    const folder = path.join(system, '0123456789abcdef');
    await mkdir(path.join(folder, 'postgres'), { recursive: true });
    const [unknown] = abandonedClusters(system);
    expect(unknown).toMatchObject({ folder, dataFolder: null });
    expect(removeCluster(unknown)).toBe(false);
    expect(existsSync(folder)).toBe(true);
  });

  it('a data folder has one cluster, by whatever path it is named', async () => {
    const cluster = await makeCluster();
    const alias = `${data}-alias`;
    await symlink(data, alias);
    expect(systemCluster(alias, system)).toBe(cluster);
    await rm(alias);
  });

  it('every account may pass the way to a cluster, whatever the umask', () => {
    chmodSync(system, 0o700);
    const before = process.umask(0o077);
    try {
      const folder = path.dirname(systemCluster(data, system));
      expect([system, folder].map((one) => statSync(one).mode & 0o011)).toEqual([0o011, 0o011]);
    } finally {
      process.umask(before);
    }
  });
});
