import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { openCnsNetwork, type CnsNetwork } from '../../../../src/networks/cns/cns-network.js';
import type { ServoGoal } from '../../../../src/vision/servoing/servo-policy.js';
import { NetworkRegistry } from '../../../../src/networks/runtime/network-registry.js';
import { openOnnxSession } from '../../../../src/networks/runtime/onnx-session.js';
import {
  float32Output,
  float32Tensor,
  type TensorSession,
} from '../../../../src/networks/runtime/tensor-session.js';
import { makeModelFolder } from '../../../factories/onnx/model-folder.js';
import { addModel } from '../../../factories/onnx/sample-models.js';

const MODELS = fileURLToPath(new URL('../../../../../models', import.meta.url));
const POINTS = 40;
const CLUSTERS = 6;

const points = Float32Array.from({ length: 2 * POINTS }, (_, i) => 0.4 * Math.sin(1 + 1.7 * i));
const goal: ServoGoal = {
  points,
  member: Float32Array.from({ length: CLUSTERS * POINTS }, (_, i) =>
    Number((i % POINTS) % CLUSTERS === Math.floor(i / POINTS)),
  ),
  center: points.slice(0, 2 * CLUSTERS),
};

describe('the shipped CNS network', () => {
  let registry: NetworkRegistry;
  let network: CnsNetwork;
  let folder: string;
  let olderRegistry: NetworkRegistry;
  let olderNetwork: CnsNetwork;
  let whole: TensorSession;

  beforeAll(async () => {
    registry = new NetworkRegistry({ folder: MODELS });
    network = await openCnsNetwork(registry, { device: 'cpu' });
    folder = await mkdtemp(join(tmpdir(), 'infernode-older-cns-'));
    await cp(join(MODELS, 'cns'), join(folder, 'cns'), { recursive: true });
    const file = join(folder, 'cns', 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as { files: Record<string, unknown> };
    delete manifest.files.twist;
    await writeFile(file, JSON.stringify(manifest));
    olderRegistry = new NetworkRegistry({ folder });
    olderNetwork = await openCnsNetwork(olderRegistry, { device: 'cpu' });
    whole = await openOnnxSession({
      model: await readFile(join(MODELS, 'cns', 'policy.onnx')),
      device: 'cpu',
    });
  });
  afterAll(async () => {
    network.lease.release();
    olderNetwork.lease.release();
    await registry.close();
    await olderRegistry.close();
    await whole.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['its own fit', false],
    ['the graph `step` of a manifest that has no `twist`', true],
  ])(
    'with %s equals the self-contained graph, frame after frame, with a cluster out of sight',
    async (_, older) => {
      const policy = (older ? olderNetwork : network).policy({
        memory: 'sequence',
        goalDistance: 0.6,
        gain: 2,
      });
      await policy.setGoal(goal);
      let hidden = new Float32Array(CLUSTERS * network.manifest.hiddenWidth);
      for (let frame = 0; frame < 5; frame++) {
        const visible = Uint8Array.from({ length: POINTS }, (_, row) =>
          Number(frame !== 2 || row % CLUSTERS !== 1),
        );
        const current = points.map((value, i) => value * (0.7 + 0.06 * frame) + 0.02 * Math.cos(i + frame));
        const { velocity } = await policy.step({ current, visible });
        const outputs = await whole.run({
          cur: float32Tensor(
            current.map((value, i) => value * visible[i >> 1]),
            [POINTS, 2],
          ),
          vis: float32Tensor(Float32Array.from(visible), [POINTS]),
          tar: float32Tensor(points, [POINTS, 2]),
          center: float32Tensor(goal.center, [CLUSTERS, 2]),
          member: float32Tensor(goal.member, [CLUSTERS, POINTS]),
          dist: float32Tensor(Float32Array.of(0.6), [1]),
          hidden: float32Tensor(hidden, [CLUSTERS, network.manifest.hiddenWidth]),
        });
        hidden = Float32Array.from(
          float32Output(outputs, 'hidden_out', [CLUSTERS, network.manifest.hiddenWidth]),
        );
        const expected = float32Output(outputs, 'velocity', [6]);
        expected.forEach((value, i) => expect(velocity?.[i]).toBeCloseTo(2 * value, 5));
      }
    },
  );

  it('scales the translation alone by the goal distance', async () => {
    const velocities = [];
    for (const goalDistance of [1, 0.25]) {
      const policy = network.policy({ goalDistance });
      await policy.setGoal(goal);
      const current = points.map((value) => 0.8 * value + 0.05);
      velocities.push(
        (await policy.step({ current, visible: new Uint8Array(POINTS).fill(1) })).velocity ?? [],
      );
    }
    const [near, scaled] = velocities;
    near.forEach((value, i) => expect(scaled[i]).toBeCloseTo(i < 3 ? value / 4 : value, 6));
  });

  it('is named by its digest', () => {
    expect(network.lease.identity).toEqual({
      id: 'cns',
      version: network.manifest.version,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});

describe('cns network', () => {
  it('a network of another task is not opened as a policy', async () => {
    const models = await makeModelFolder();
    await models.add('sum', { goal: addModel(), step: addModel() });
    const registry = new NetworkRegistry({ folder: models.path });
    await expect(openCnsNetwork(registry, { device: 'cpu' }, 'sum')).rejects.toMatchObject({
      code: 'NETWORK_MANIFEST_INVALID',
      message: expect.stringContaining('no CNS policy'),
    });
    await models.remove();
  });
});
