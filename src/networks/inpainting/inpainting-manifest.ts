import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { networkManifestSchema, type NetworkManifest } from '../store/manifest.js';

const elementType = z.enum(['float32', 'float16', 'uint8']);
const layout = z.enum(['NCHW', 'NHWC']);

/** How an image becomes a tensor and back; a wrong figure gives no error, only nonsense, so none has a default. */
const imageTensor = z.object({
  name: z.string().min(1),
  dtype: elementType,
  layout,
  channelOrder: z.enum(['RGB', 'BGR']),
  /** Tensor value of byte 0 and of byte 255. */
  range: z.tuple([z.number(), z.number()]),
});

/** `models/<id>/manifest.json` of an inpainting network. */
export const inpaintingManifestSchema = networkManifestSchema.extend({
  task: z.literal('inpainting'),
  image: imageTensor.extend({
    /** Byte value that hole pixels get before the network sees them; null leaves them as they are. */
    holeFill: z.number().min(0).max(255).nullable(),
  }),
  mask: z.object({
    name: z.string().min(1),
    dtype: elementType,
    layout,
    /** What marks a hole and what marks known pixels: networks disagree. */
    hole: z.number(),
    known: z.number(),
  }),
  output: imageTensor,
  size: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('fixed'), width: z.number().int().min(8), height: z.number().int().min(8) }),
    z.object({
      kind: z.literal('multiple'),
      of: z.number().int().min(1),
      /** Shortest and longest side that the network takes. */
      min: z.number().int().min(1),
      max: z.number().int().min(64).max(4096),
    }),
  ]),
});

/** See {@link inpaintingManifestSchema}. */
export type InpaintingManifest = z.infer<typeof inpaintingManifestSchema>;

/** @throws AppError `NETWORK_MANIFEST_INVALID` when it is no inpainting network */
export function parseInpaintingManifest(manifest: NetworkManifest): InpaintingManifest {
  const parsed = inpaintingManifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `Network ${manifest.id} is no inpainting network: ${issueLines(parsed.error, manifest).join('; ')}`,
    details: { network: manifest.id },
  });
}
