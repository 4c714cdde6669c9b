import { z } from 'zod';
import { MAX_CLASSIFY_TIMEOUT_MS } from '../domain/limits.js';
import {
  ADMIN,
  BINARY_TYPE,
  CATALOGUE,
  JSON_LENGTH_HEADER,
  operation,
  type Authorisation,
} from './operation.js';
import { framed } from './request-body.js';

/** Element types of the protocol that are supported here, and their internal names. */
export const DATATYPES = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
} as const;

/** An element type by its name in the protocol. */
export type Datatype = keyof typeof DATATYPES;

const MAX_RANK = 16;
const MAX_TENSORS = 64;
const datatype = z.enum(Object.keys(DATATYPES) as [Datatype, ...Datatype[]]);
const name = z.string().min(1).max(200);
const shape = z.array(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)).max(MAX_RANK);
/** Unknown parameters are ignored, as the protocol requires. */
const parameters = <Shape extends z.core.$ZodLooseShape>(known: Shape) => z.looseObject(known).optional();

const inferRequest = z
  .object({
    id: z.string().max(200).optional().meta({ description: 'Repeated in the response' }),
    parameters: parameters({
      binary_data_output: z
        .boolean()
        .optional()
        .meta({ description: 'Return all outputs as binary data, unless an output specifies otherwise' }),
      timeout: z
        .number()
        .positive()
        // Clients without a limit may send the largest integer, which a timer cannot represent.
        .transform((microseconds) => Math.min(microseconds, MAX_CLASSIFY_TIMEOUT_MS * 1000))
        .optional()
        .meta({
          description: `Microseconds until the work is stopped; more than ${MAX_CLASSIFY_TIMEOUT_MS / 1000} s counts as ${MAX_CLASSIFY_TIMEOUT_MS / 1000} s`,
        }),
    }),
    inputs: z
      .array(
        z.object({
          name,
          shape,
          datatype,
          parameters: parameters({
            binary_data_size: z
              .number()
              .int()
              .min(0)
              .optional()
              .meta({ description: 'Size in bytes of the binary tensor after the JSON, instead of `data`' }),
          }),
          data: z
            .array(z.unknown())
            .optional()
            .meta({ description: 'Elements in row-major order, flat or nested as `shape`' }),
        }),
      )
      .min(1)
      .max(MAX_TENSORS),
    outputs: z
      .array(
        z.object({
          name,
          parameters: parameters({
            binary_data: z.boolean().optional(),
            classification: z.number().int().min(0).optional(),
          }),
        }),
      )
      .max(MAX_TENSORS)
      .optional()
      .meta({ description: 'Requested outputs; all by default' }),
  })
  .meta({
    id: 'OpenInferenceRequest',
    example: { inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [0.1, 0.2, 0.3] }] },
  });

/** Body of an inference request, without tensor data. */
export type OpenInferenceRequest = z.infer<typeof inferRequest>;

const inferResponse = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name: z.string(),
        datatype: z.string(),
        shape: z.array(z.number().int()),
        parameters: z.object({ binary_data_size: z.number().int() }).optional(),
        data: z.array(z.union([z.number(), z.boolean()])).optional(),
      }),
    ),
  })
  .meta({ id: 'OpenInferenceResponse' });

const tensorMetadata = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.number().int()).meta({ description: '-1 for a dynamic dimension' }),
});
const modelMetadata = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.literal('onnxruntime_onnx'),
    inputs: z.array(tensorMetadata),
    outputs: z.array(tensorMetadata),
  })
  .meta({ id: 'OpenInferenceModel' });
const serverMetadata = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .meta({ id: 'OpenInferenceServer' });
const index = z
  .array(
    z.object({
      name: z.string(),
      version: z.string(),
      state: z.enum(['READY', 'UNAVAILABLE']),
      reason: z.string(),
    }),
  )
  .meta({ id: 'OpenInferenceIndex' });

const model = z.strictObject({ name });
const versioned = z.strictObject({ name, version: z.string().min(1).max(64) });
const anyParameters = z.looseObject({ parameters: z.looseObject({}).optional() }).optional();
const describe = (operationId: string, access: Authorisation, summary: string) => ({
  operationId,
  ...access,
  summary,
  tag: 'Open Inference v2',
});
const PUBLIC = { access: 'public' } as const;
const INFERENCE = { access: 'user', scope: 'classify' } as const;

const metadataOf = (operationId: string) => ({
  ...describe(operationId, CATALOGUE, 'Inputs and outputs of a network; loads it'),
  method: 'get' as const,
  errors: [404, 422],
  responses: [{ status: 200, description: 'Its tensors', schema: modelMetadata }],
});
const readinessOf = (operationId: string) => ({
  ...describe(operationId, CATALOGUE, 'Whether a network is loaded'),
  method: 'get' as const,
  errors: [404],
  responses: [{ status: 200, description: 'It is' }],
});
const inferenceOf = (operationId: string) => ({
  ...describe(
    operationId,
    INFERENCE,
    'Runs a network on tensors; each row of the first input is charged as one image',
  ),
  method: 'post' as const,
  body: framed(inferRequest, { content: 'tensors' }),
  errors: [404, 422, 504],
  responses: [
    {
      status: 200,
      description: 'The outputs; binary data follows the JSON if requested',
      schema: inferResponse,
      contentType: BINARY_TYPE,
      headers: { [JSON_LENGTH_HEADER]: 'Only with binary data: length in bytes of the JSON before it' },
    },
  ],
});
const empty = [{ status: 200, description: 'Done' }];

/**
 * The Open Inference protocol, version 2 (KServe, Triton), with its extensions for binary data and the model
 * repository.
 */
export const openInferenceOperations = {
  server: operation({
    ...describe('v2Server', PUBLIC, 'Server metadata'),
    method: 'get',
    path: '/v2',
    responses: [{ status: 200, description: 'Name, version, extensions', schema: serverMetadata }],
  }),
  live: operation({
    ...describe('v2Live', PUBLIC, 'Whether the server answers'),
    method: 'get',
    path: '/v2/health/live',
    responses: [{ status: 200, description: 'It does' }],
  }),
  ready: operation({
    ...describe('v2Ready', PUBLIC, 'Whether the server can handle requests'),
    method: 'get',
    path: '/v2/health/ready',
    errors: [503],
    responses: [{ status: 200, description: 'They can' }],
  }),
  model: operation({ ...metadataOf('v2Model'), path: '/v2/models/:name', params: model }),
  modelVersion: operation({
    ...metadataOf('v2ModelVersion'),
    path: '/v2/models/:name/versions/:version',
    params: versioned,
  }),
  modelReady: operation({ ...readinessOf('v2ModelReady'), path: '/v2/models/:name/ready', params: model }),
  modelVersionReady: operation({
    ...readinessOf('v2ModelVersionReady'),
    path: '/v2/models/:name/versions/:version/ready',
    params: versioned,
  }),
  infer: operation({ ...inferenceOf('v2Infer'), path: '/v2/models/:name/infer', params: model }),
  inferVersion: operation({
    ...inferenceOf('v2InferVersion'),
    path: '/v2/models/:name/versions/:version/infer',
    params: versioned,
  }),
  index: operation({
    ...describe('v2Index', CATALOGUE, 'All networks in the models folder'),
    method: 'post',
    path: '/v2/repository/index',
    body: framed(z.looseObject({ ready: z.boolean().optional() }).optional(), {
      content: 'json',
      optional: true,
    }),
    responses: [{ status: 200, description: 'Networks and their status', schema: index }],
  }),
  load: operation({
    ...describe('v2Load', ADMIN, 'Loads a network'),
    method: 'post',
    path: '/v2/repository/models/:name/load',
    params: model,
    body: framed(anyParameters, { content: 'json', optional: true }),
    errors: [404, 422],
    responses: empty,
  }),
  unload: operation({
    ...describe('v2Unload', ADMIN, 'Unloads a network once its requests are answered'),
    method: 'post',
    path: '/v2/repository/models/:name/unload',
    params: model,
    body: framed(anyParameters, { content: 'json', optional: true }),
    errors: [404],
    responses: empty,
  }),
};
