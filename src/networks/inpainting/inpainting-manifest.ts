import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { networkManifestSchema, type NetworkManifest } from '../store/manifest.js';

const elementType = z.enum(['float32', 'float16', 'uint8']);
const layout = z.enum(['NCHW', 'NHWC']);

/**
 * Conversion of an image to a tensor and back. Wrong values cause no error, only wrong results, so there are
 * no defaults.
 */
const imageTensor = z.object({
  name: z.string().min(1),
  dtype: elementType,
  layout,
  channelOrder: z.enum(['RGB', 'BGR']),
  /** Tensor values of byte 0 and byte 255. */
  range: z.tuple([z.number(), z.number()]),
});

/** `models/<id>/manifest.json` of an inpainting network. */
export const inpaintingManifestSchema = networkManifestSchema.extend({
  task: z.literal('inpainting'),
  image: imageTensor.extend({
    /** Byte value written to hole pixels before the network runs; null leaves them unchanged. */
    holeFill: z.number().min(0).max(255).nullable(),
  }),
  mask: z.object({
    name: z.string().min(1),
    dtype: elementType,
    layout,
    /** Mask values of hole pixels and of known pixels, since networks use different conventions. */
    hole: z.number(),
    known: z.number(),
  }),
  output: imageTensor,
  size: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('fixed'), width: z.number().int().min(8), height: z.number().int().min(8) }),
    z.object({
      kind: z.literal('multiple'),
      of: z.number().int().min(1),
      /** Minimum and maximum side that the network accepts. */
      min: z.number().int().min(1),
      max: z.number().int().min(64).max(4096),
    }),
  ]),
});

/** See {@link inpaintingManifestSchema}. */
export type InpaintingManifest = z.infer<typeof inpaintingManifestSchema>;

/** @throws AppError `NETWORK_MANIFEST_INVALID` when it is not an inpainting network */
export function parseInpaintingManifest(manifest: NetworkManifest): InpaintingManifest {
  const parsed = inpaintingManifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `Network ${manifest.id} is not an inpainting network: ${issueLines(parsed.error, manifest).join('; ')}`,
    details: { network: manifest.id },
  });
}
