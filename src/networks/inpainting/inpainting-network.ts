import type { Image } from '../../vision/image/image.js';
import type { DevicePreference } from '../runtime/device.js';
import type { NetworkLease, NetworkRegistry } from '../runtime/network-registry.js';
import { modelMismatch, type Tensor, type TensorSession } from '../runtime/tensor-session.js';
import { parseInpaintingManifest, type InpaintingManifest } from './inpainting-manifest.js';
import { decodeInpainting, encodeInpainting, encodingBytes } from './inpainting-tensors.js';
import { HOLE, type Mask } from '../../vision/image/mask.js';

/** Side of the warm-up image if the network's size is dynamic. */
const WARM_UP_SIDE = 64;

/** An inpainting network in use. */
export interface InpaintingNetwork {
  readonly lease: Pick<NetworkLease, 'device' | 'identity' | 'release'>;
  readonly size: InpaintingManifest['size'];
  /**
   * Writes the hole pixels of an image whose size the network accepts; known pixels are unchanged.
   * @param signal stops a run in another process immediately; a run in this process blocks the thread and
   *   cannot be stopped
   * @throws AppError `MODEL_MISMATCH`, `NETWORK_RUN_FAILED`, `NETWORK_NON_FINITE`
   */
  run(image: Image, hole: Mask, signal?: AbortSignal): Promise<void>;
}

/**
 * Opens an inpainting network, a bundled one or any other with a manifest. The caller must release the lease.
 * @throws AppError of {@link NetworkRegistry.acquire}; `NETWORK_MANIFEST_INVALID` when it is not an
 *   inpainting network
 */
export async function openInpaintingNetwork(
  registry: NetworkRegistry,
  preference: DevicePreference,
  id: string,
): Promise<InpaintingNetwork> {
  const manifest = parseInpaintingManifest(await registry.folder.manifest(id));
  const file = Object.keys(manifest.files)[0];
  const lease = await registry.acquire({
    id,
    files: [file],
    preference,
    warmUp: async (sessions) => {
      const session = sessions.get(file);
      if (session === undefined) throw modelMismatch(`Network ${id} has no graph ${file}.`);
      await warmUp(manifest, session);
    },
  });
  const spare = new SpareMemory();
  return {
    lease,
    size: manifest.size,
    run: (image, hole) => runInpainting({ manifest, session: lease.session(file), spare }, image, hole),
  };
}

/** Memory of one run's tensors. */
interface RunMemory {
  readonly inputs: ArrayBuffer;
  /** Output of the previous run, and its image size. */
  readonly output?: { readonly width: number; readonly height: number; readonly tensor: Tensor };
}

/**
 * Keeps the memory of a run for the next one. Several megabytes of garbage per run would otherwise trigger a
 * full garbage collection every few images.
 */
class SpareMemory {
  #spare: RunMemory | null = null;

  /** The kept memory if it fits the image, otherwise new memory. */
  take(image: Image): RunMemory {
    const bytes = encodingBytes(image);
    const { inputs, output }: Partial<RunMemory> = this.#spare ?? {};
    this.#spare = null;
    const fits = output?.width === image.width && output.height === image.height;
    return {
      inputs: inputs !== undefined && inputs.byteLength >= bytes ? inputs : new ArrayBuffer(bytes),
      ...(fits ? { output } : {}),
    };
  }

  keep(memory: RunMemory): void {
    this.#spare = memory;
  }
}

interface OpenNetwork {
  readonly manifest: InpaintingManifest;
  readonly session: TensorSession;
  readonly spare: SpareMemory;
}

async function runInpainting(
  { manifest, session, spare }: OpenNetwork,
  image: Image,
  hole: Mask,
): Promise<void> {
  checkSize(manifest, image);
  const { width, height } = image;
  const { inputs, output } = spare.take(image);
  const { name } = manifest.output;
  const feeds = encodeInpainting(manifest, { image, hole }, inputs);
  const outputs = await (output === undefined
    ? session.run(feeds)
    : session.run(feeds, { [name]: output.tensor }));
  decodeInpainting(manifest, outputs, { image, hole });
  // Tensors in GPU memory cannot be reused from here.
  if (session.device === 'cpu') spare.keep({ inputs, output: { width, height, tensor: outputs[name] } });
}

/** Rejects wrong sizes here, since they may fail only deep inside the graph, or not at all. */
function checkSize({ id, size }: InpaintingManifest, { width, height }: Image): void {
  const fits =
    size.kind === 'fixed'
      ? width === size.width && height === size.height
      : [width, height].every((side) => side % size.of === 0 && side >= size.min && side <= size.max);
  if (!fits)
    throw modelMismatch(`Network ${id} does not accept images of ${String(width)}x${String(height)} pixels.`);
}

async function warmUp(manifest: InpaintingManifest, session: TensorSession): Promise<void> {
  const { size } = manifest;
  const side =
    size.kind === 'fixed'
      ? 0
      : Math.ceil(Math.max(size.min, Math.min(size.max, WARM_UP_SIDE)) / size.of) * size.of;
  const width = size.kind === 'fixed' ? size.width : side;
  const height = size.kind === 'fixed' ? size.height : side;
  const image = { width, height, data: new Uint8Array(width * height * 3).fill(128) };
  const hole = { width, height, data: new Uint8Array(width * height).fill(HOLE, 0, width * (height >> 1)) };
  await runInpainting({ manifest, session, spare: new SpareMemory() }, image, hole);
}
