import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { KERNEL_DETECTORS } from '../../../src/vision/features/types.js';
import { digestOf } from './code-digest.js';
import type { FrameSequence, Sample, SampleCollector } from './samples.js';
import type { ScenePlan } from './sequences.js';

/** Code and networks that a detector's samples come from, without the coefficients that are fitted to them. */
const SAMPLE_PATHS = [
  ...['dist/src/vision', 'dist/src/servoing', 'dist/src/networks/cns'],
  ...['dist/evaluation/cns/confidence/samples.js', 'dist/evaluation/cns/servo-under-test.js'],
  ...['models/cns/goal.onnx', 'models/cns/step.onnx', 'models/cns/twist.onnx'],
];
const SAMPLE_EXCEPTIONS = ['dist/src/vision/servoing/confidence-model.js', 'dist/src/servoing/live'];
/** Code that images come from. */
const RENDER_PATHS = [
  'dist/scripts/render',
  'dist/src/vision/geometry/pose.js',
  ...['sequences', '../wide-baselines', '../evaluation-scenes', '../recorded-paths'],
  ...['../virtual-camera', '../image-condition'],
].map((file) => (file.startsWith('dist') ? file : path.join('dist/evaluation/cns/confidence', `${file}.js`)));

interface Kept {
  readonly digest: string;
  readonly samples: Sample[];
}

/**
 * Images and samples that were made before, one file for each scene, and for each scene and detector, so that an
 * interrupted evaluation goes on where it was and a change of one detector costs only its own frames. Each is made
 * again when code or networks that it comes from have changed.
 */
export class KeptResults {
  readonly #root: string;
  readonly #folder: string;
  readonly #collector: SampleCollector;
  readonly #renderDigest: string;

  private constructor(root: string, collector: SampleCollector, renderDigest: string) {
    this.#root = root;
    this.#folder = path.join(root, 'reports', 'cns-confidence');
    this.#collector = collector;
    this.#renderDigest = renderDigest;
  }

  /** @param root of the checkout */
  static async open(root: string, collector: SampleCollector): Promise<KeptResults> {
    return new KeptResults(root, collector, await digestOf({ root, paths: RENDER_PATHS }));
  }

  /**
   * Samples of one scene by one detector; `null` where they would have to be made and `mayMake` is false.
   * @param note is told what was made, and in how many seconds
   */
  async samplesOf(
    plan: ScenePlan,
    detector: string,
    { mayMake, note }: { readonly mayMake: boolean; readonly note: (text: string) => void },
  ): Promise<Sample[] | null> {
    const file = this.#file('samples', `${plan.id}-${detector}`, 'json');
    const digest = await this.#sampleDigest(detector);
    if (existsSync(file)) {
      const kept = JSON.parse(await readFile(file, 'utf8')) as Kept;
      if (kept.digest === digest) return kept.samples;
    }
    if (!mayMake) return null;
    const sequences = await this.#sequencesOf(plan, note);
    const start = performance.now();
    const samples = await this.#collector.collect(sequences, detector);
    await write(file, JSON.stringify({ digest, samples }));
    note(`${plan.id}: ${detector} in ${secondsSince(start)} s`);
    return samples;
  }

  async #sequencesOf(plan: ScenePlan, note: (text: string) => void): Promise<FrameSequence[]> {
    const file = this.#file('images', `${plan.id}-${this.#renderDigest.slice(0, 12)}`, 'v8');
    if (existsSync(file)) return deserialize(await readFile(file)) as FrameSequence[];
    const start = performance.now();
    const sequences = plan.render();
    await write(file, serialize(sequences));
    note(`${plan.id}: rendered in ${secondsSince(start)} s`);
    return sequences;
  }

  async #sampleDigest(detector: string): Promise<string> {
    const others = KERNEL_DETECTORS.filter((name) => name !== detector).map((name) => name.toLowerCase());
    const except = others.flatMap((name) => [
      `dist/src/vision/features/${name}`,
      `dist/src/vision/features/kernels/${name}-kernel.js`,
    ]);
    const code = await digestOf({
      root: this.#root,
      paths: SAMPLE_PATHS,
      except: [...SAMPLE_EXCEPTIONS, ...except],
    });
    return `${this.#renderDigest.slice(0, 12)} ${code.slice(0, 12)}`;
  }

  #file(kind: string, name: string, extension: string): string {
    return path.join(this.#folder, kind, `${name.replaceAll(/\W+/g, '-')}.${extension}`);
  }
}

const secondsSince = (start: number): string => ((performance.now() - start) / 1000).toFixed(0);

/** Complete or not at all: an interrupted write leaves nothing that looks like a result. */
async function write(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.part`, content);
  await rename(`${file}.part`, file);
}
