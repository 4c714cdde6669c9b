import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installShippedNetworks } from '../../../../scripts/models/shipped.js';

describe('networks of the container image in a volume', () => {
  let root: string;
  let shipped: string;
  let models: string;

  const ship = async (id: string, version: string) => {
    await mkdir(path.join(shipped, id), { recursive: true });
    await writeFile(path.join(shipped, id, 'manifest.json'), JSON.stringify({ id, version }));
    await writeFile(path.join(shipped, id, 'model.onnx'), `weights ${version}`);
  };
  const weights = (id: string) => readFile(path.join(models, id, 'model.onnx'), 'utf8');
  const install = () => installShippedNetworks(shipped, models);

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'infernode-shipped-'));
    shipped = path.join(root, 'image');
    models = path.join(root, 'volume');
    await ship('shapes', '1.0.0');
    await ship('cns', '1.1.0');
    await writeFile(path.join(shipped, 'README'), 'no network');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are all installed in an empty volume, once', async () => {
    expect([...(await install())].sort()).toEqual(['cns', 'shapes']);
    expect(await weights('cns')).toBe('weights 1.1.0');
    expect(await install()).toEqual([]);
  });

  it('are replaced by a newer image; networks and versions of administrators stay', async () => {
    await install();
    const uploaded = path.join(models, 'shapes', 'versions', '9', 'model.onnx');
    await mkdir(path.dirname(uploaded), { recursive: true });
    await writeFile(uploaded, 'uploaded version');
    await mkdir(path.join(models, 'own'));
    await writeFile(path.join(models, 'own', 'model.onnx'), 'own network');
    await ship('shapes', '1.0.1');

    expect(await install()).toEqual(['shapes']);
    expect(await weights('shapes')).toBe('weights 1.0.1');
    expect(await readFile(uploaded, 'utf8')).toBe('uploaded version');
    expect(await weights('own')).toBe('own network');
    expect((await readdir(models)).sort()).toEqual(['.shipped.json', 'cns', 'own', 'shapes']);
  });

  it('stay removed when an administrator removed them, until a new version ships', async () => {
    await install();
    await rm(path.join(models, 'shapes'), { recursive: true });
    expect(await install()).toEqual([]);
    await ship('shapes', '2.0.0');
    expect(await install()).toEqual(['shapes']);
    expect(await weights('shapes')).toBe('weights 2.0.0');
  });

  it('are left alone where the models folder is that of the image', async () => {
    expect(await installShippedNetworks(shipped, `${shipped}/`)).toEqual([]);
    expect(await readdir(shipped)).not.toContain('.shipped.json');
  });
});
