import { ModelsFolder } from '../../networks/store/models-folder.js';
import { openOnnxSession } from '../../networks/runtime/onnx-session.js';
import { float32Output, float32Tensor, type TensorSession } from '../../networks/runtime/tensor-session.js';
import {
  compareFeatures,
  DISTANCE_RATIO,
  matchByTable,
  type ComparedFeatures,
} from '../../vision/features/matcher.js';
import { nearestByTable } from '../../vision/features/nearest-table.js';
import type { Features, FloatDescriptors } from '../../vision/features/types.js';

/** Matches the features of a frame with those of the goal. */
export interface FeatureMatcher {
  /** As `compareFeatures`. */
  compare(goal: Features, current: Features): Promise<ComparedFeatures>;
  /** Releases the matcher's resources. Idempotent. */
  close(): Promise<void>;
}

/** Compares descriptors of either kind in JavaScript. */
export const plainMatcher: FeatureMatcher = {
  compare: async (...pair) => compareFeatures(...pair),
  close: async () => undefined,
};

/** Id of the network that compares float descriptors. */
const MATCHER_NETWORK = 'matcher';

/**
 * Opens a matcher for the descriptors of a goal: binary descriptors are compared by a WebAssembly kernel, float
 * descriptors by a network, because its matrix product takes a hundredth of the time of JavaScript loops.
 * @throws AppError `NETWORK_NOT_FOUND` and similar errors when the models folder lacks the network
 */
export async function openFeatureMatcher(
  kind: Features['descriptors']['kind'],
  modelsDirectory: string,
): Promise<FeatureMatcher> {
  if (kind === 'binary') return plainMatcher;
  const folder = new ModelsFolder(modelsDirectory);
  const model = await folder.read(await folder.manifest(MATCHER_NETWORK), MATCHER_NETWORK);
  const session = await openOnnxSession({ model, device: 'cpu', threads: 1 });
  return {
    compare: (goal, current) => compareByNetwork(session, goal, current),
    close: () => session.close(),
  };
}

async function compareByNetwork(
  session: TensorSession,
  goal: Features,
  current: Features,
): Promise<ComparedFeatures> {
  const [a, b] = [goal.descriptors, current.descriptors];
  const comparable = a.kind === 'float' && b.kind === 'float' && a.width === b.width;
  // The plain matcher handles empty and incompatible sets; the runtime fails on empty inputs.
  if (goal.count < 1 || current.count < 2 || !comparable) return compareFeatures(goal, current);
  const tensor = ({ data, width }: FloatDescriptors, rows: number) => float32Tensor(data, [rows, width]);
  const outputs = await session.run({ goal: tensor(a, goal.count), current: tensor(b, current.count) });
  const distances = float32Output(outputs, 'distances', [goal.count, current.count]);
  const table = nearestByTable(distances, current.points);
  return { matches: (ratio = DISTANCE_RATIO) => matchByTable(table, { ratio, squared: true }) };
}
