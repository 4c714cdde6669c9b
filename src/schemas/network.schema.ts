import { z } from 'zod';
import { timestamp } from './common.schema.js';
import { networkId, networkVersion } from './network-ref.schema.js';
import { counts, jobEngineModel, loadedModel, memory, model } from './network-parts.schema.js';
import { ADMIN, CATALOGUE, operation } from './operation.js';
import { json, multipart } from './request-body.js';

const idParams = z.strictObject({ id: networkId });
const versionQuery = z.strictObject({ version: networkVersion.optional() });
const versionBody = z.strictObject({ version: networkVersion.optional() }).default(() => ({}));

const preloadBody = z
  .strictObject({
    model_id: networkId,
    version: networkVersion.optional(),
    model_path: z
      .string()
      .max(200)
      .optional()
      .meta({ description: "The network's own file; any other path is rejected", example: 'resnet18.onnx' }),
    metadata: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({
        description: 'For networks in the flat layout; stored in `metadata/<id>.json`',
        example: {
          model_type: 'image_classification',
          input_shape: [1, 3, 224, 224],
          preprocessing: 'imagenet',
        },
      }),
    warmup: z.boolean().default(false).meta({ description: 'Ignored; every load warms the network up' }),
  })
  .meta({ id: 'Preload' });

const newModel = z
  .strictObject({
    id: networkId,
    version: networkVersion.default('1'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
      .optional()
      // Without an example Swagger UI would generate a digest that matches no file.
      .meta({ description: 'Expected digest; a file with another digest is rejected', example: '' }),
  })
  .meta({ id: 'NewModel' });

const modelFiles = [
  { name: 'model', required: true, description: 'The ONNX file' },
  {
    name: 'manifest',
    required: false,
    description: 'JSON: preprocessing, output, batching, licence, source … of the network',
  },
  {
    name: 'labels',
    required: false,
    description:
      'Names of the classes: JSON (a list in index order, or a config.json with `id2label`), or text with one name or `index,name` per line',
  },
];

const engine = (operationId: string, summary: string) =>
  ({ operationId, summary, tag: 'Classification' }) as const;
const models = (operationId: string, summary: string) => ({ operationId, summary, tag: 'Models' }) as const;

/** Errors that loading a network can raise. */
const LOAD_ERRORS = [404, 409, 422, 503, 504];

/** Networks and inference engine of the compatibility routes. */
export const networkOperations = {
  preload: operation({
    method: 'post',
    path: '/api/inference/preload',
    ...engine('preloadModel', 'Load a network'),
    description: 'Only networks in the models folder, by id.',
    ...ADMIN,
    body: json(preloadBody),
    audited: ['model_id', 'version'],
    responses: [
      {
        status: 200,
        description: 'The network is loaded and warmed up',
        schema: z
          .object({
            success: z.literal(true),
            message: z.string(),
            load_time_ms: z.number(),
            model_id: networkId,
            model: loadedModel,
          })
          .meta({ id: 'Preloaded' }),
      },
    ],
    errors: LOAD_ERRORS,
  }),
  status: operation({
    method: 'get',
    path: '/api/inference/status',
    ...engine('engineStatus', 'Status of the inference engine'),
    ...CATALOGUE,
    responses: [
      {
        status: 200,
        description: 'Uptime, memory, networks, counts and times',
        schema: z
          .object({
            success: z.literal(true),
            status: z.literal('operational'),
            uptime: z.number().meta({ description: 'Seconds' }),
            memory,
            cache: z.object({
              hits: z.number().int(),
              misses: z.number().int(),
              evictions: z.number().int(),
            }),
            inference: z.object({
              total: z.number().int(),
              failed: z.number().int(),
              models: z.record(z.string(), counts),
            }),
            models: z.object({
              loaded: z.number().int(),
              max_capacity: z.number().int(),
              ids: z.array(z.string()),
            }),
            timestamp,
          })
          .meta({ id: 'EngineStatus' }),
      },
    ],
  }),
  loaded: operation({
    method: 'get',
    path: '/api/inference/models/loaded',
    ...engine('loadedModels', 'Loaded networks, most recently used first'),
    ...CATALOGUE,
    responses: [
      {
        status: 200,
        description: 'The networks',
        schema: z
          .object({
            success: z.literal(true),
            models: z.array(loadedModel),
            count: z.number().int(),
            memory,
            job_engines: z.array(jobEngineModel).meta({
              description: 'What engines of queued jobs keep, as workers reported in the last 15 s',
            }),
          })
          .meta({ id: 'LoadedModels' }),
      },
    ],
  }),
  unloadModel: operation({
    method: 'delete',
    path: '/api/inference/models/:id',
    ...engine('unloadModel', 'Unload a network'),
    description: 'Running requests are answered first. The file is kept.',
    ...ADMIN,
    params: idParams,
    query: versionQuery,
    responses: [
      {
        status: 200,
        description: 'The network was unloaded',
        schema: z.object({ success: z.literal(true), message: z.string() }).meta({ id: 'Unloaded' }),
      },
    ],
    errors: [404],
  }),
  formats: operation({
    method: 'get',
    path: '/api/inference/formats',
    ...engine('classificationFormats', 'Accepted input formats'),
    ...CATALOGUE,
    responses: [
      {
        status: 200,
        description: 'Formats, limits and examples',
        schema: z
          .object({
            success: z.literal(true),
            supported_formats: z.array(
              z.object({ format: z.string(), field: z.string(), description: z.string() }),
            ),
            image_types: z.array(z.string()),
            limits: z.object({
              max_image_bytes: z.number().int(),
              max_image_pixels: z.number().int(),
              max_batch: z.number().int(),
              timeout_ms: z.number().int(),
            }),
            payload_example: z.record(z.string(), z.unknown()),
            description: z.string(),
          })
          .meta({ id: 'ClassificationFormats' }),
      },
    ],
  }),
  list: operation({
    method: 'get',
    path: '/api/models',
    ...models('listModels', 'Networks in the models folder'),
    ...CATALOGUE,
    responses: [
      {
        status: 200,
        description: 'All versions, unusable ones with their problem',
        schema: z.object({ models: z.array(model) }).meta({ id: 'ModelList' }),
      },
    ],
  }),
  get: operation({
    method: 'get',
    path: '/api/models/:id',
    ...models('getModel', 'One network with all its versions'),
    ...CATALOGUE,
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'All versions, in ascending order',
        schema: z.object({ id: networkId, versions: z.array(model) }).meta({ id: 'ModelVersions' }),
      },
    ],
    errors: [404],
  }),
  upload: operation({
    method: 'post',
    path: '/api/models',
    ...models('uploadModel', 'Install a classification network, or a new version of one'),
    description:
      'The file is opened and run once in a separate process, with limits on time and memory, before it is published.',
    ...ADMIN,
    body: multipart(newModel, modelFiles),
    audited: ['id', 'version'],
    responses: [
      {
        status: 201,
        description: 'It was installed',
        schema: z.object({ model }).meta({ id: 'ModelAdded' }),
      },
    ],
    errors: [408, 409, 413, 415, 422, 503, 507],
  }),
  remove: operation({
    method: 'delete',
    path: '/api/models/:id',
    ...models('deleteModel', 'Remove a network, or one version of it'),
    ...ADMIN,
    params: idParams,
    query: versionQuery,
    responses: [
      {
        status: 200,
        description: 'The network was removed from disk and memory',
        schema: z.object({ message: z.literal('Model deleted successfully') }).meta({ id: 'ModelDeleted' }),
      },
    ],
    errors: [404, 409],
  }),
  load: operation({
    method: 'post',
    path: '/api/models/:id/load',
    ...models('loadModel', 'Load a network and warm it up'),
    ...ADMIN,
    params: idParams,
    body: json(versionBody, { optional: true }),
    audited: ['version'],
    responses: [
      {
        status: 200,
        description: 'The network is loaded',
        schema: z.object({ model: loadedModel }).meta({ id: 'ModelLoaded' }),
      },
    ],
    errors: LOAD_ERRORS,
  }),
  unload: operation({
    method: 'post',
    path: '/api/models/:id/unload',
    ...models('unloadModelVersion', 'Unload a network'),
    ...ADMIN,
    params: idParams,
    body: json(versionBody, { optional: true }),
    audited: ['version'],
    responses: [
      {
        status: 200,
        description: 'Whether it was loaded before',
        schema: z.object({ unloaded: z.boolean() }).meta({ id: 'ModelUnloaded' }),
      },
    ],
    errors: [404],
  }),
};
