import { z } from 'zod';
import { MAX_DETECTIONS } from '../../domain/detection.js';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { preprocessingSchema } from '../preprocessing/preprocessing-schema.js';
import { labelsSchema, networkManifestSchema, type NetworkManifest } from '../store/manifest.js';
import { MAX_CLASSES } from './limits.js';

/** `task` of a detector's manifest. */
export const DETECTOR_TASK = 'detection';
/** Name of a detector's only file in its manifest. */
export const DETECTOR_FILE = 'model';

/** Output formats of detectors; `docs/detection.md` describes each. */
const DETECTOR_FAMILIES = [
  'yolov5',
  'yolov8',
  'yolox',
  'end_to_end',
  'ssd',
  'post_processed',
  'detr',
  'yunet',
] as const;
/** See {@link DETECTOR_FAMILIES}. */
export type DetectorFamily = (typeof DETECTOR_FAMILIES)[number];

const outputName = z.string().min(1).max(500);

/**
 * All fields are optional: missing ones are derived from the graph's outputs, or have the usual value of the
 * family.
 */
const headSchema = z.strictObject({
  family: z.enum(DETECTOR_FAMILIES).optional(),
  /** Output names by their role; required if they cannot be derived from the graph's names and shapes. */
  outputs: z
    .strictObject({
      /** The only output of the YOLO families and of `end_to_end`. */
      rows: outputName.optional(),
      boxes: outputName.optional(),
      scores: outputName.optional(),
      classes: outputName.optional(),
      count: outputName.optional(),
      anchors: outputName.optional(),
    })
    .default({}),
  /**
   * Number of score columns, for outputs with further columns (masks, key points); the number of labels by
   * default.
   */
  classes: z.number().int().min(1).max(MAX_CLASSES).optional(),
  /** Order of a box's four numbers. */
  boxFormat: z.enum(['xyxy', 'yxyx', 'cxcywh']).optional(),
  /** Whether boxes are in pixels of the input or normalised to its sides. */
  coordinates: z.enum(['pixels', 'normalised']).optional(),
  /** Function that converts scores to probabilities; `probabilities` means none. */
  activation: z.enum(['probabilities', 'sigmoid', 'softmax']).optional(),
  /** Position of the background column among the scores. */
  background: z.enum(['first', 'last', 'none']).optional(),
  /** Number of the first class in the output `classes`. */
  firstClass: z.union([z.literal(0), z.literal(1)]).optional(),
  /**
   * How boxes are encoded relative to anchors: `corner_offsets` in units of the anchor's sides, or
   * `centre_size` of the SSD paper.
   */
  encoding: z.enum(['corner_offsets', 'centre_size']).optional(),
  /** Factors of `centre_size` offsets: x, y, width, height. */
  variances: z.tuple([z.number(), z.number(), z.number(), z.number()]).default([0.1, 0.1, 0.2, 0.2]),
  /** Strides of the grids in pixels of the input (`yolox`, `yunet`). */
  strides: z.array(z.number().int().min(1).max(1024)).min(1).max(8).default([8, 16, 32]),
});

/** See {@link headSchema}. */
export type HeadSpec = z.infer<typeof headSchema>;

/** Removal of duplicates, for graphs that do not include it. */
const suppressionSchema = z.strictObject({
  iou: z.number().min(0).max(1).default(0.45),
  agnostic: z.boolean().default(false),
});

/** An additional input of the graph whose values do not depend on the image. */
const extraInputSchema = z.strictObject({
  name: z.string().min(1),
  /** `ones` everywhere (pixel masks), or height and width of the network's input. */
  value: z.enum(['ones', 'input_size']),
});

/** `models/<id>/manifest.json` of a detector. */
export const detectorManifestSchema = networkManifestSchema.extend({
  task: z.literal(DETECTOR_TASK),
  files: networkManifestSchema.shape.files.refine(
    (files) => Object.hasOwn(files, DETECTOR_FILE),
    `must name the file "${DETECTOR_FILE}"`,
  ),
  preprocessing: preprocessingSchema.default('unit'),
  extraInputs: z.array(extraInputSchema).max(4).default([]),
  head: headSchema.default(() => headSchema.parse({})),
  labels: labelsSchema.optional(),
  /** Default minimum score of an object. */
  threshold: z.number().min(0).max(1).default(0.25),
  nms: suppressionSchema.default(() => suppressionSchema.parse({})),
  maxDetections: z.number().int().min(1).max(MAX_DETECTIONS).default(100),
});

/** See {@link detectorManifestSchema}. */
export type DetectorManifest = z.infer<typeof detectorManifestSchema>;

/** @throws AppError `NETWORK_MANIFEST_INVALID` when it is not a detector's manifest */
export function parseDetectorManifest(
  manifest: Readonly<Record<string, unknown>> & Pick<NetworkManifest, 'id'>,
): DetectorManifest {
  const parsed = detectorManifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `Network ${manifest.id} is not a detector: ${issueLines(parsed.error, manifest).join('; ')}`,
    details: { network: manifest.id },
  });
}
