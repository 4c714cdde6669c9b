import { recordPath } from '../recorded-paths.js';
import { drawPairs, EVALUATION_SCENES, type EvaluationScene } from '../evaluation-scenes.js';
import { overlap, VirtualCamera } from '../virtual-camera.js';
import { drawAside, drawSweeps, WIDE_SCENES } from '../wide-baselines.js';
import type { FrameSequence } from './samples.js';

/** Scenes to fit to, and scenes that the fit never sees: the same kinds with other seeds. */
export type SetName = 'fit' | 'held-out';

/** Added to the seeds of the evaluation's scenes, one number for each time they are rendered. */
const SEEDS: Readonly<Record<SetName, readonly number[]>> = { fit: [0, 500], 'held-out': [1000] };
const USUAL_PAIRS = 2;
const SWEEP_FRAMES = 3;
const ASIDE_FRAMES = 3;
/** Share of a goal's points that must be in view at the start of a usual path. */
const MIN_OVERLAP = 0.55;

/** One scene's sequences, rendered when they are asked for. */
export interface ScenePlan {
  /** The set and the name. */
  readonly id: string;
  readonly name: string;
  readonly seed: number;
  render(): FrameSequence[];
}

/** The scenes of a set: the usual paths of `eval:cns`, and sweeps far aside with frames that do not show the goal. */
export function scenesOf(set: SetName): readonly ScenePlan[] {
  return SEEDS[set].flatMap((added, turn) => {
    const plan = (
      scene: EvaluationScene,
      addition: string,
      render: (scene: EvaluationScene) => FrameSequence[],
    ): ScenePlan => {
      const reseeded = { ...scene, seed: scene.seed + added };
      const name = `${scene.name}${addition}${turn === 0 ? '' : ` ${String(turn + 1)}`}`;
      return { id: `${set}: ${name}`, name, seed: reseeded.seed, render: () => render(reseeded) };
    };
    return [
      ...WIDE_SCENES.map((scene) => plan(scene, ', wide', wide)),
      ...EVALUATION_SCENES.map((scene) => plan(scene, '', usual)),
    ];
  });
}

function usual(scene: EvaluationScene): FrameSequence[] {
  const camera = new VirtualCamera(scene, 2);
  const sees = (goal: FrameSequence['goal'], start: FrameSequence['goal']): boolean =>
    overlap(camera.truthAt(goal).points, start) >= MIN_OVERLAP;
  return drawPairs(scene, USUAL_PAIRS, sees).map((pair) => {
    const { truth, goalImage, frames } = recordPath(pair, camera, camera.truthAt(pair.goal));
    return { group: 'usual', scene: scene.name, goal: pair.goal, truth, goalImage, frames };
  });
}

function wide(scene: EvaluationScene): FrameSequence[] {
  const camera = new VirtualCamera(scene, 2);
  const view = { truthAt: (goal: FrameSequence['goal']) => camera.truthAt(goal), overlap };
  const sweeps = drawSweeps(scene, SWEEP_FRAMES, view);
  const goals = sweeps.filter(({ goal }, k) => k === 0 || goal !== sweeps[k - 1].goal);
  const shown = [
    ...sweeps.map((sweep) => ({ ...sweep, group: 'wide' as const })),
    ...goals.map((sweep) => ({
      ...sweep,
      group: 'aside' as const,
      poses: drawAside(sweep, ASIDE_FRAMES, overlap),
    })),
  ];
  const images = new Map(goals.map(({ goal }) => [goal, camera.look(goal)]));
  return shown.map(({ group, goal, truth, poses }) => ({
    ...{ group, scene: scene.name, goal, truth },
    goalImage: images.get(goal) ?? camera.look(goal),
    frames: poses.map((pose) => ({ pose, image: camera.look(pose) })),
  }));
}
