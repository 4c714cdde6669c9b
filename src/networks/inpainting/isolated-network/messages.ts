import { z } from 'zod';
import type { DeviceReport, NetworkIdentity } from '../../../domain/job.js';
import type { Image } from '../../../vision/image/image.js';
import type { InpaintingManifest } from '../inpainting-manifest.js';
import type { DevicePreference } from '../../runtime/device.js';
import { processError } from '../../../errors/process-error.js';
import type { Mask } from '../../../vision/image/mask.js';

/** The network to open: its models folder and its device. */
export interface NetworkToOpen {
  readonly modelsDirectory: string;
  readonly id: string;
  readonly preference: DevicePreference;
}

/** Requests of an engine to the process of a network: to open it, then one run at a time. */
export type ToIsolatedNetwork =
  | { readonly type: 'open'; readonly network: NetworkToOpen }
  | { readonly type: 'run'; readonly image: Image; readonly hole: Mask };

/** Properties of an open network. */
interface OpenedNetwork {
  readonly device: DeviceReport;
  readonly identity: NetworkIdentity;
  readonly size: InpaintingManifest['size'];
}

// Both ends of the channel are our own code, so the object needs no deep validation. Files of users are only
// read in the child.
const opened = z.custom<OpenedNetwork>((value) => typeof value === 'object' && value !== null);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** Answers of the process. `filled` contains all bytes of the image, known pixels included. */
export const fromIsolatedNetwork = z.discriminatedUnion('type', [
  z.object({ type: z.literal('opened'), opened }),
  z.object({ type: z.literal('filled'), data: bytes }),
  z.object({ type: z.literal('failed'), error: processError }),
]);
/** See {@link fromIsolatedNetwork}. */
export type FromIsolatedNetwork = z.infer<typeof fromIsolatedNetwork>;
