import { z } from 'zod';
import type { DeviceReport, NetworkIdentity } from '../../../domain/job.js';
import type { Image } from '../../../vision/image/image.js';
import type { InpaintingManifest } from '../inpainting-manifest.js';
import type { DevicePreference } from '../../runtime/device.js';
import { processError } from '../../../errors/process-error.js';
import type { Mask } from '../../../vision/image/mask.js';

/** Which network of which models folder, and on what. */
export interface NetworkToOpen {
  readonly modelsDirectory: string;
  readonly id: string;
  readonly preference: DevicePreference;
}

/** What an engine asks of the process of a network: to open it, then one run at a time. */
export type ToIsolatedNetwork =
  | { readonly type: 'open'; readonly network: NetworkToOpen }
  | { readonly type: 'run'; readonly image: Image; readonly hole: Mask };

/** What is known of a network once it is open. */
interface OpenedNetwork {
  readonly device: DeviceReport;
  readonly identity: NetworkIdentity;
  readonly size: InpaintingManifest['size'];
}

// Written by our own code on the other side: the files of others are only looked at there.
const opened = z.custom<OpenedNetwork>((value) => typeof value === 'object' && value !== null);

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** The answers. `filled` has all bytes of the image, the known ones among them. */
export const fromIsolatedNetwork = z.discriminatedUnion('type', [
  z.object({ type: z.literal('opened'), opened }),
  z.object({ type: z.literal('filled'), data: bytes }),
  z.object({ type: z.literal('failed'), error: processError }),
]);
/** See {@link fromIsolatedNetwork}. */
export type FromIsolatedNetwork = z.infer<typeof fromIsolatedNetwork>;
