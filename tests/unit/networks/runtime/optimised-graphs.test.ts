import { OptimisedGraphs } from '../../../../src/networks/runtime/optimised-graphs.js';
import { float32Tensor } from '../../../../src/networks/runtime/tensor-session.js';
import { addModel, denseModel } from '../../../factories/onnx/sample-models.js';

const INPUT = { x: float32Tensor(Float32Array.of(1, 2), [1, 2]) };
// relu([1*1 + 2*3 + 0.5, 1*2 - 2*4 + 0.25])
const OUTPUT = { y: { dtype: 'float32', dims: [1, 2], data: Float32Array.of(7.5, 0) } };

async function outputOf(graphs: OptimisedGraphs) {
  const session = await graphs.open({ model: denseModel(), device: 'cpu' });
  try {
    return await session.run(INPUT);
  } finally {
    await session.close();
  }
}

// Files without a name exist on Linux only; elsewhere nothing is recorded.
(process.platform === 'linux' ? describe : describe.skip)('optimised graphs', () => {
  it('of one process open in another, and compute the same', async () => {
    const first = new OptimisedGraphs();
    const recorded = await first.record(() => outputOf(first));
    expect(recorded).toHaveLength(1);
    const second = new OptimisedGraphs();
    second.add(recorded);
    expect(await second.record(async () => expect(await outputOf(second)).toEqual(OUTPUT))).toEqual([]);
  });

  it('are used in place of the graph whose digest they have', async () => {
    const graphs = new OptimisedGraphs();
    const [{ sha256 }] = await graphs.record(() => outputOf(graphs));
    graphs.add([{ sha256, bytes: addModel() }]);
    const session = await graphs.open({ model: denseModel(), device: 'cpu' });
    expect(session.inputs.map(({ name }) => name)).toEqual(['left', 'right']);
    await session.close();
  });

  it('that are broken are replaced by the original', async () => {
    const graphs = new OptimisedGraphs();
    const [{ sha256 }] = await graphs.record(() => outputOf(graphs));
    graphs.add([{ sha256, bytes: new Uint8Array(100) }]);
    expect(await outputOf(graphs)).toEqual(OUTPUT);
  });

  it('are recorded only when asked for', async () => {
    const graphs = new OptimisedGraphs();
    expect(await outputOf(graphs)).toEqual(OUTPUT);
    expect(await graphs.record(async () => undefined)).toEqual([]);
  });
});
