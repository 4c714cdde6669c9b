import { z } from 'zod';

/** Presets, each used by a family of networks in training. */
export const PREPROCESSING_PRESETS = ['imagenet', 'inception', 'caffe', 'raw', 'unit'] as const;
/** See {@link PREPROCESSING_PRESETS}. */
export type PreprocessingPreset = (typeof PREPROCESSING_PRESETS)[number];

/** Maximum side of a network's input image. */
export const MAX_SIDE = 4096;
const side = z.number().int().min(1).max(MAX_SIDE);
const byte = z.number().min(0).max(255);
const colour = z.tuple([byte, byte, byte]);
const perChannel = z.array(z.number()).min(1).max(3);

/** Explicit preprocessing; missing fields come from the preset or from the graph's input. */
export const customPreprocessingSchema = z.strictObject({
  preset: z.enum(PREPROCESSING_PRESETS).optional(),
  width: side.optional(),
  height: side.optional(),
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  channelOrder: z.enum(['RGB', 'BGR', 'GRAY']).optional(),
  /** Range of pixel values before mean and std are applied. */
  range: z.enum(['0..1', '0..255']).optional(),
  /** One value per channel, in `channelOrder`. */
  mean: perChannel.optional(),
  /** One value per channel, in `channelOrder`; not 0. */
  std: perChannel.refine((values) => !values.includes(0), 'must not be 0').optional(),
  resize: z
    .discriminatedUnion('rule', [
      z.strictObject({ rule: z.literal('crop'), shortSide: side.optional() }),
      z.strictObject({ rule: z.literal('stretch') }),
      z.strictObject({ rule: z.literal('letterbox'), fill: colour.default([0, 0, 0]) }),
    ])
    .optional(),
  interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']).optional(),
  background: colour.optional(),
});

/** Preprocessing of a manifest: the name of a preset, or {@link customPreprocessingSchema}. */
export const preprocessingSchema = z.union([z.enum(PREPROCESSING_PRESETS), customPreprocessingSchema]);

/** See {@link preprocessingSchema}. */
export type PreprocessingSpec = z.infer<typeof preprocessingSchema>;
/** See {@link customPreprocessingSchema}. */
export type CustomPreprocessing = z.infer<typeof customPreprocessingSchema>;
