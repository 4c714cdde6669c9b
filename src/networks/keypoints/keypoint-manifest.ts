import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { networkManifestSchema, type NetworkManifest } from '../store/manifest.js';

const side = z.number().int().min(16).max(8192);
const output = z.strictObject({ name: z.string().min(1) });

/**
 * Images that the graph accepts. For a graph of fixed size, images are scaled down to fit and padded to the
 * right and below; for one of dynamic size they are padded to a multiple of `multipleOf`, and scaled down
 * only above `max`.
 */
const inputSchema = z.strictObject({
  name: z.string().min(1),
  /** 1 for grey, 3 for three equal grey channels; the layout is always NCHW. */
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Element type of the input: `uint8` unchanged, `float32` as grey * scale + offset, grey 0..255. */
  dtype: z.enum(['uint8', 'float32']).default('float32'),
  scale: z.number().default(1 / 255),
  offset: z.number().default(0),
  size: z.union([
    z.strictObject({ width: side, height: side }),
    z.strictObject({ multipleOf: z.number().int().min(1).max(256), min: side, max: side }),
  ]),
});

/** Key points as lists with one row per key point; leading dimensions of 1 are allowed. */
const listsSchema = z.strictObject({
  keypoints: output.extend({
    /**
     * `pixels` of the input with the centre of the first pixel at 0, or -1..1 between the centres of the
     * outer pixels.
     */
    units: z.enum(['pixels', 'normalised']).default('pixels'),
  }),
  scores: output,
  /** `rows` [n, width] or `columns` [width, n]. */
  descriptors: output.extend({ order: z.enum(['rows', 'columns']).default('rows') }),
  /** [n, 2]: scale in pixels of the input, and angle in rad from x towards y. */
  frames: output.extend({ diameterPerSigma: z.number().positive() }).optional(),
});

/** Key points as maps over cells of c x c pixels, as in SuperPoint and XFeat. */
const mapsSchema = z.strictObject({
  /** [1, c * c + 1, h, w]: logits of the cell's pixels in row order, then "no key point". */
  logits: output,
  /** [1, width, h, w], sampled at the key points and normalised to length 1. */
  descriptorMap: output,
  /** [1, 1, h, w] in 0..1, by which scores are multiplied. */
  reliability: output.optional(),
  /** Minimum probability of a key point. */
  threshold: z.number().min(0).max(1).default(0.05),
  /** A key point is the maximum within this many pixels. */
  radius: z.number().int().min(1).max(16).default(2),
});

const detectorSchema = z.strictObject({
  /** Value of the parameter `detector`. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/),
  input: inputSchema,
  /**
   * A scalar input that sets the contrast required of a key point; images with little texture are tried again
   * with a lower value.
   */
  sensitivity: z
    .strictObject({ name: z.string().min(1), normal: z.number(), sensitive: z.number() })
    .optional(),
  maxFeatures: z.number().int().min(1).max(65_536).default(1024),
  lists: listsSchema.optional(),
  maps: mapsSchema.optional(),
});

/** `models/<id>/manifest.json` of a key point detector; its graph is the file `detector`. */
const keypointManifestSchema = networkManifestSchema
  .extend({ task: z.literal('features'), detector: detectorSchema })
  .refine(({ detector }) => (detector.lists === undefined) !== (detector.maps === undefined), {
    path: ['detector'],
    message: 'needs either lists or maps',
  });

/** See {@link keypointManifestSchema}. */
export type KeypointManifest = z.infer<typeof keypointManifestSchema>;

/** The part of a manifest that describes the detector. */
export type KeypointDetectorRecord = KeypointManifest['detector'];

/** Outputs of a graph with lists. */
export type KeypointLists = z.infer<typeof listsSchema>;

/** Outputs of a graph with maps. */
export type KeypointMaps = z.infer<typeof mapsSchema>;

/** @throws AppError `NETWORK_MANIFEST_INVALID` */
export function parseKeypointManifest(manifest: NetworkManifest): KeypointManifest {
  const parsed = keypointManifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `Network ${manifest.id} is not a key point detector: ${issueLines(parsed.error, manifest).join('; ')}`,
    details: { network: manifest.id },
  });
}
