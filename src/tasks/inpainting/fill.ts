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

/** Folder of the product's own network in the models directory. */
const OWN_NETWORK = 'inpainting';
/** Fills of {@link FillerOptions.modelId} that need no network. */
const CLASSIC = { telea: 'telea', navier_stokes: 'navier_stokes' } as const;
/** Networks of these kinds draw what is likely in a large hole; in order of preference. */
const LARGE_HOLE_KINDS = ['lama', 'migan'];
/** Parts of the progress that the network and the patches take where both run. */
const NETWORK_SHARE = 0.1;

/** A request's image and hole in the terms of the fills, with its clock. */
interface Work {
  readonly image: Image;
  readonly hole: Mask;
  readonly request: FillRequest;
  readonly clock: FillClock;
}

/** Opens the fill that `modelId` names. @throws AppError `MODEL_NOT_FOUND` (invalid), and of the network's loading */
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

/** Large holes by a network for them, where one is installed; it is loaded when the first one comes. All others by width. */
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
        // Once is enough: the frames of a video would all wait for the same failure.
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

/** One that could not be opened has already failed the fill that wanted it. */
async function releaseOf(large: Promise<LargeHoleNetwork | null> | undefined): Promise<void> {
  const opened = await large?.catch(() => null);
  opened?.network.lease.release();
}

/** The warning about a network that failed. @throws what is no failure of the network: an abort, or a fault in this code */
function failureOf(error: unknown, signal: AbortSignal): string {
  signal.throwIfAborted();
  if (!(error instanceof AppError)) throw error;
  return error.message;
}

/** Shows a network for large holes the hole with all that surrounds it. */
async function fillLarge({ id, network }: LargeHoleNetwork, work: Work): Promise<FillResult> {
  const filled = await runNetwork(network, work, { share: 1, whole: true });
  return work.clock.result([{ method: id, image: filled, learned: true }]);
}

/** Whether a network of the models folder is one for large holes. */
async function isForLargeHoles({ modelsDirectory }: FillerOptions, id: string): Promise<boolean> {
  const { kind } = await networkRegistryOf(modelsDirectory).folder.manifest(id);
  return LARGE_HOLE_KINDS.includes(kind);
}

interface LargeHoleNetwork {
  readonly id: string;
  readonly network: InpaintingNetwork;
}

/** Opens the best network for large holes in the models folder; null without any. */
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

/** Our own network in this process; one that was installed, which may do anything, in a process that can be ended. */
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

/** A filler without a network: one stage, one image. */
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
  // Callers may hand over a Buffer, whose slice() is no copy: the fills would write into the caller's image.
  const data = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);
  const hole = { ...mask, data: Uint8Array.from(mask.data) };
  return { image: { ...image, data }, hole, request, clock: new FillClock(request) };
}

function pushPull(image: Image, hole: Mask): Image {
  return { ...image, data: toBytes(pushPullFill(image, hole)) };
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

/** Thin parts by the network; wide ones by patches, unless it has to be fast. */
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

/** The guided completion and, where a variant is wanted, the unguided one. */
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
