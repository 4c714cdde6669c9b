import { AppError } from '../../errors/app-error.js';
import type { DeviceReport, NetworkIdentity } from '../../domain/job.js';
import { completeWithPatches, splitByWidth } from './fills/automatic-fill.js';
import type { ImageNetwork } from '../../networks/inpainting/padded-run.js';
import { networkFill } from '../../networks/inpainting/network-fill.js';
import { classicFill } from '../../vision/inpainting/opencv/opencv-fill.js';
import { toBytes, type Image } from '../../vision/image/image.js';
import { pushPullFill } from '../../vision/inpainting/push-pull.js';
import {
  openInpaintingNetwork,
  type InpaintingNetwork,
} from '../../networks/inpainting/inpainting-network.js';
import { inpaintingManifestSchema } from '../../networks/inpainting/inpainting-manifest.js';
import { networkRegistryOf } from '../../networks/runtime/network-registries.js';
import { FillClock } from './fill-clock.js';
import { openIsolatedNetwork } from '../../networks/inpainting/isolated-network/isolated-network.js';
import type { FilledImage, Filler, FillerOptions, FillRequest, FillResult, OpenFiller } from './filler.js';
import type { Mask } from '../../vision/image/mask.js';
import { pasteHole } from '../../vision/image/cut-and-paste.js';

/** Folder of the bundled network in the models directory. */
const OWN_NETWORK = 'inpainting';
/** Values of {@link FillerOptions.modelId} that need no network. */
const CLASSIC = { telea: 'telea', navier_stokes: 'navier_stokes' } as const;
/** Kinds of networks that generate plausible content for large holes, in order of preference. */
const LARGE_HOLE_KINDS = ['lama', 'migan'];
/** Share of the progress for the network when patches run as well. */
const NETWORK_SHARE = 0.1;

/** Image and hole of a request, with its clock. */
interface Work {
  readonly image: Image;
  readonly hole: Mask;
  readonly request: FillRequest;
  readonly clock: FillClock;
}

/**
 * Opens the fill named by `modelId`.
 * @throws AppError `MODEL_NOT_FOUND` (invalid), and errors from loading the network
 */
export const openFiller: OpenFiller = async (options) => {
  const { modelId } = options;
  if (modelId === 'pushpull')
    return classicFiller(options, ({ image, hole }) => Promise.resolve(pushPull(image, hole)));
  if (modelId === 'telea' || modelId === 'navier_stokes') {
    return classicFiller(options, ({ image, hole }) => classicFill(CLASSIC[modelId], image, hole));
  }
  const network = await openNetwork(options);
  if (modelId === 'default_inpainting') return chooseByHole(network, options);
  const fill = modelId === 'patch' ? fillByPatches : fillByNetwork;
  const large = modelId !== 'unet' && modelId !== 'patch' && (await isForLargeHoles(options, modelId));
  return {
    device: network.lease.device,
    network: network.lease.identity,
    fill: (request) =>
      large
        ? fillLarge({ id: modelId, network }, startWork(request))
        : fill(network, startWork(request), modelId),
    release: () => network.lease.release(),
  };
};

/**
 * Fills large holes with a suitable network if one is installed, which is loaded for the first such hole; other holes
 * by their width.
 */
function chooseByHole(network: InpaintingNetwork, options: FillerOptions): Filler {
  let large: Promise<LargeHoleNetwork | null> | undefined;
  return {
    device: network.lease.device,
    network: network.lease.identity,
    fill: async (request) => {
      const work = startWork(request);
      if (request.large !== true) return fillByWidth(network, work);
      large ??= openLargeHoleNetwork(options, request.signal);
      try {
        const learned = await large;
        return learned === null ? await fillByWidth(network, work) : await fillLarge(learned, work);
      } catch (error) {
        const reason = failureOf(error, request.signal);
        // Not tried again: otherwise every frame of a video would wait for the same failure.
        const failed = large;
        large = Promise.resolve(null);
        void releaseOf(failed);
        const again = startWork({ ...request, onProgress: () => undefined });
        again.clock.warn(
          `The installed network for large holes failed, so the hole was filled without it: ${reason}`,
        );
        return fillByWidth(network, again);
      }
    },
    release: () => {
      network.lease.release();
      void releaseOf(large);
    },
  };
}

/** A failure to open was already reported by the fill that needed it. */
async function releaseOf(large: Promise<LargeHoleNetwork | null> | undefined): Promise<void> {
  const opened = await large?.catch(() => null);
  opened?.network.lease.release();
}

/**
 * Message of a network failure, for the warning.
 * @throws other errors: an abort, or a programming error
 */
function failureOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (!(error instanceof AppError)) throw error;
  return error.message;
}

/** Fills with a network for large holes, on the whole image for context. */
async function fillLarge({ id, network }: LargeHoleNetwork, work: Work): Promise<FillResult> {
  const filled = await runNetwork(network, work, { share: 1, whole: true });
  return work.clock.result([{ method: id, image: filled, learned: true }]);
}

/** Whether an installed network is meant for large holes. */
async function isForLargeHoles({ modelsDirectory }: FillerOptions, id: string): Promise<boolean> {
  const { kind } = await networkRegistryOf(modelsDirectory).folder.manifest(id);
  return LARGE_HOLE_KINDS.includes(kind);
}

interface LargeHoleNetwork {
  readonly id: string;
  readonly network: InpaintingNetwork;
}

/** Opens the preferred installed network for large holes; `null` when there is none. */
async function openLargeHoleNetwork(
  options: FillerOptions,
  signal: AbortSignal,
): Promise<LargeHoleNetwork | null> {
  const { networks } = await networkRegistryOf(options.modelsDirectory).folder.manifests();
  const usable = networks.filter((manifest) => inpaintingManifestSchema.safeParse(manifest).success);
  for (const kind of LARGE_HOLE_KINDS) {
    const found = usable.find((manifest) => manifest.kind === kind);
    if (found) return { id: found.id, network: await openNetwork({ ...options, modelId: found.id }, signal) };
  }
  return null;
}

/**
 * Opens the bundled network in this process; installed networks, which are untrusted, run in a child process that can
 * be killed.
 */
async function openNetwork(
  { modelId, device, strict, modelsDirectory, modelTimeoutMs }: FillerOptions,
  signal = new AbortController().signal,
): Promise<InpaintingNetwork> {
  const preference = { device, strict };
  const own = modelId === 'default_inpainting' || modelId === 'unet' || modelId === 'patch';
  if (own) return openInpaintingNetwork(networkRegistryOf(modelsDirectory), preference, OWN_NETWORK);
  try {
    await networkRegistryOf(modelsDirectory).folder.manifest(modelId);
    const limits = modelTimeoutMs === undefined ? {} : { timeoutMs: modelTimeoutMs };
    return await openIsolatedNetwork({ modelsDirectory, id: modelId, preference }, limits, signal);
  } catch (error) {
    if (error instanceof AppError && error.code === 'NETWORK_NOT_FOUND') throw modelNotFound(modelId, error);
    throw error;
  }
}

const modelNotFound = (modelId: string, cause: unknown): AppError =>
  new AppError('MODEL_NOT_FOUND', {
    message: `There is no inpainting model ${modelId}.`,
    details: { modelId },
    cause,
  });

/** Creates a filler without a network. */
function classicFiller({ modelId, device }: FillerOptions, run: (work: Work) => Promise<Image>): Filler {
  const report: DeviceReport = {
    requested: device,
    used: 'cpu',
    reason: `${modelId} is computed without a network, on the CPU.`,
    attempts: [],
  };
  const network: NetworkIdentity | null = null;
  return {
    device: report,
    network,
    fill: async (request) => {
      const work = startWork(request);
      await work.clock.pace(0, 0, 1);
      const filled = await work.clock.time('classicMs', () => run(work));
      await work.clock.pace(1, 0, 1);
      return work.clock.result([{ method: modelId, image: filled }]);
    },
    release: () => undefined,
  };
}

function startWork(request: FillRequest): Work {
  const { image, mask } = request;
  // Callers may pass a Buffer, whose slice() does not copy: the fills would then write to the caller's image.
  const data = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);
  const hole = { ...mask, data: Uint8Array.from(mask.data) };
  return { image: { ...image, data }, hole, request, clock: new FillClock(request) };
}

function pushPull(image: Image, hole: Mask): Image {
  return toBytes(pushPullFill(image, hole));
}

async function runNetwork(
  network: InpaintingNetwork,
  { image, hole, clock, request: { signal } }: Work,
  { share, whole = false }: { readonly share: number; readonly whole?: boolean },
): Promise<Image> {
  const stoppable: ImageNetwork = {
    size: network.size,
    run: (piece, itsHole) => network.run(piece, itsHole, signal),
  };
  return clock.time('networkMs', () =>
    networkFill(stoppable, { image, hole, whole }, (done) => clock.pace(done, 0, share)),
  );
}

async function fillByNetwork(network: InpaintingNetwork, work: Work, modelId: string): Promise<FillResult> {
  const filled = await runNetwork(network, work, { share: 1 });
  return work.clock.result([{ method: modelId, image: filled }]);
}

async function fillByPatches(network: InpaintingNetwork, work: Work): Promise<FillResult> {
  const guide = await runNetwork(network, work, { share: NETWORK_SHARE });
  return completeBoth(work, { guide, image: work.image, wide: work.hole });
}

/** Fills thin parts with the network and wide ones with patches; with quality `fast` all with the network. */
async function fillByWidth(network: InpaintingNetwork, work: Work): Promise<FillResult> {
  const { thin, wide } = splitByWidth(work.hole);
  const patches = wide !== null && work.request.quality !== 'fast';
  const filled = await runNetwork(network, work, { share: patches ? NETWORK_SHARE : 1 });
  if (!patches) return work.clock.result([{ method: 'unet', image: filled }]);
  const image = { ...work.image, data: work.image.data.slice() };
  if (thin !== null)
    pasteHole(image, filled, thin, { left: 0, top: 0, width: image.width, height: image.height });
  return completeBoth(work, { guide: filled, image, wide });
}

/** Runs the guided completion and, when a variant is requested, the unguided one. */
async function completeBoth(
  work: Work,
  { guide, image, wide }: { guide: Image; image: Image; wide: Mask },
): Promise<FillResult> {
  const { clock, request } = work;
  const quality = request.quality === 'high' ? 'high' : 'balanced';
  const complete = async (guided: boolean, [from, to]: readonly [number, number]): Promise<FilledImage> => {
    const input = { image, hole: wide, guide: guided ? guide : pushPull(image, wide) };
    const { image: filled, uncopied } = await clock.time('patchMs', () =>
      completeWithPatches(input, { quality, guided, seed: request.seed }, (done) =>
        clock.pace(done, from, to),
      ),
    );
    if (uncopied > 0) {
      clock.warn(
        `${String(uncopied)} part(s) of the hole have too little around them to copy from; they were filled smoothly.`,
      );
    }
    return { method: guided ? 'patch_guided' : 'patch_unguided', image: filled };
  };
  if (request.variants === 1) return clock.result([await complete(true, [NETWORK_SHARE, 1])]);
  const middle = (1 + NETWORK_SHARE) / 2;
  const first = await complete(true, [NETWORK_SHARE, middle]);
  return clock.result([first, await complete(false, [middle, 1])]);
}
