import type { ErrorMeaning } from '../error-kind.js';

/** Codes of networks, of classification and of the Open Inference protocol. */
export const NETWORK_CODES = {
  NETWORK_NOT_FOUND: {
    kind: 'not_found',
    title: 'Network not found',
    hint: 'Choose a network listed by `GET /api/models`, or install this one.',
  },
  NETWORK_NOT_LOADED: {
    kind: 'not_found',
    title: 'Network not in memory',
    hint: 'Send an inference request, which loads it, or ask an administrator to load it.',
  },
  NETWORK_EXISTS: {
    kind: 'conflict',
    title: 'Network exists already',
    hint: 'Use another version or another id.',
  },
  NETWORK_IN_PRODUCT: {
    kind: 'conflict',
    title: 'Network belongs to a task',
    hint: 'It cannot be removed by this route.',
  },
  NETWORK_ID_INVALID: {
    kind: 'invalid',
    title: 'Invalid network id',
    hint: 'Choose an id that follows the rule in the message.',
  },
  NETWORK_MANIFEST_INVALID: {
    kind: 'invalid',
    title: 'Invalid network manifest',
    hint: 'Correct the manifest fields named in the message; the manifest may also be for a different task.',
  },
  NETWORK_FILE_MISSING: {
    kind: 'invalid',
    title: 'Network file missing',
    hint: 'Install the network again with all its files.',
  },
  NETWORK_DIGEST_MISMATCH: {
    kind: 'invalid',
    title: 'Network file does not match',
    hint: 'Install the network again: its file does not have the hash given in its manifest or in the request.',
  },
  NETWORK_UNREADABLE: {
    kind: 'invalid',
    title: 'Network unreadable',
    hint: 'Make the files of the network readable for the server, or install it again.',
  },
  NETWORK_LFS_POINTER: {
    kind: 'invalid',
    title: 'Git LFS pointer',
    hint: 'Fetch the network itself (`git lfs pull`) and send that file.',
  },
  NETWORK_NOT_ONNX: { kind: 'invalid', title: 'Not an ONNX file', hint: 'Send a file in ONNX format.' },
  NETWORK_NO_OPSET: {
    kind: 'invalid',
    title: 'No operator set',
    hint: 'Export the network again with ONNX 1.0 or newer.',
  },
  NETWORK_EXTERNAL_DATA: {
    kind: 'invalid',
    title: 'External data',
    hint: 'Export the network as one self-contained file.',
  },
  NETWORK_TOO_DEEP: {
    kind: 'invalid',
    title: 'Network nested too deeply',
    hint: 'Export the network with fewer nested graphs.',
  },
  NETWORK_NEEDS_EXTENSIONS: {
    kind: 'invalid',
    title: 'Custom operators',
    hint: 'Export the network without operators from onnxruntime-extensions.',
  },
  NETWORK_UNKNOWN_OPERATORS: {
    kind: 'invalid',
    title: 'Unknown operators',
    hint: 'Export the network with operators from ONNX or ONNX Runtime only.',
  },
  NETWORK_OPSET_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Unsupported operator set',
    hint: 'Export the network with an operator set listed in the message.',
  },
  NETWORK_TENSOR_TOO_LARGE: {
    kind: 'invalid',
    title: 'Tensor too large',
    hint: 'Export the network with inputs and outputs of at most 2^28 elements.',
  },
  NETWORK_TASK_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Network of another task',
    hint: 'Choose a network of the required task; `GET /api/models` lists the task of each network.',
  },
  NETWORK_LOAD_TIMEOUT: {
    kind: 'invalid',
    title: 'Network took too long to load',
    hint: 'Use a smaller network, or a faster machine.',
  },
  NETWORK_MEMORY: {
    kind: 'invalid',
    title: 'Network needs too much memory',
    hint: 'Use a smaller network or input, or raise the limit named in the message.',
  },
  NETWORK_TIMEOUT: {
    kind: 'too_large',
    title: 'Network too slow',
    hint: 'In a job, loading a network and each of its runs may take `INPAINTING_MODEL_TIMEOUT`: use a smaller network, or a smaller `batching.maxBatch` in its manifest.',
  },
  NETWORK_RUN_FAILED: {
    kind: 'invalid',
    title: 'Network could not be run',
    hint: 'The message contains the error of ONNX Runtime: correct the input or the network.',
  },
  NETWORK_NON_FINITE: {
    kind: 'invalid',
    title: 'Network output not finite',
    hint: 'Check the network: its output for this input contains NaN or infinities.',
  },
  NETWORKS_BUSY: {
    kind: 'unavailable',
    title: 'Networks busy',
    hint: 'All networks in memory are in use: retry after `Retry-After`.',
  },
  MODEL_INVALID: {
    kind: 'invalid',
    title: 'Network cannot be loaded',
    hint: 'The message contains the error of ONNX Runtime: correct the network.',
  },
  MODEL_MISMATCH: {
    kind: 'invalid',
    title: 'Tensors do not fit the network',
    hint: 'Use the inputs and outputs listed by `GET /v2/models/{model}`.',
  },
  MODEL_NOT_FOUND: {
    kind: 'invalid',
    title: 'Inpainting model not found',
    hint: 'Choose a `modelId` that is installed.',
  },
  MODEL_OUTPUT_INVALID: {
    kind: 'invalid',
    title: 'Invalid network output',
    hint: 'Check the network: its output contains NaN or infinities, or the number of scores differs from the number of labels.',
  },
  MODEL_PATH_FORBIDDEN: {
    kind: 'invalid',
    title: 'Model path not allowed',
    hint: 'Omit `model_path`: networks are loaded by id.',
  },
  METADATA_MISSING: {
    kind: 'invalid',
    title: 'Metadata missing',
    hint: 'Write `metadata/<id>.json`, or send the metadata when loading the network.',
  },
  METADATA_INVALID: {
    kind: 'invalid',
    title: 'Invalid metadata',
    hint: 'Correct the metadata fields named in the message.',
  },
  METADATA_CONFLICT: {
    kind: 'conflict',
    title: 'Metadata conflict',
    hint: 'Omit the metadata, or make them match the installed network.',
  },
  LABELS_INVALID: { kind: 'invalid', title: 'Invalid labels', hint: 'Send the labels as a list of names.' },
  LABELS_MISSING: {
    kind: 'invalid',
    title: 'Labels missing',
    hint: 'Send the label file named in the manifest, or list the labels in the manifest.',
  },
  LABELS_MISMATCH: {
    kind: 'invalid',
    title: 'Wrong number of labels',
    hint: 'Send one label for each class of the network.',
  },
  LABELS_UNKNOWN: {
    kind: 'invalid',
    title: 'Unknown label',
    hint: 'Use labels of the network only; the message lists them.',
  },
  PREPROCESSING_INVALID: {
    kind: 'invalid',
    title: 'Invalid preprocessing',
    hint: 'Correct the preprocessing field named in the message.',
  },
  TOO_LONG: {
    kind: 'invalid',
    title: 'Field too long',
    hint: 'Shorten the field; the message states the limit.',
  },
  DETECTOR_NOT_AVAILABLE: {
    kind: 'invalid',
    title: 'Detector not available',
    hint: 'Choose one of the detectors listed in the message.',
  },
  DEVICE_NOT_AVAILABLE: {
    kind: 'invalid',
    title: 'Device not available',
    hint: 'Choose another device, or omit `strict` to fall back to the CPU.',
  },
  DEVICE_REFUSED: {
    kind: 'unavailable',
    title: 'Device refused the network',
    hint: 'Choose the CPU, or ask the operator to install the execution provider of the device.',
  },
  DEVICE_RUN_FAILED: {
    kind: 'unavailable',
    title: 'Device failed',
    hint: 'The device failed while running the network: retry, or choose the CPU.',
  },
  PICTURE_EMPTY: { kind: 'invalid', title: 'Empty image', hint: 'Send a file with content.' },
  PICTURE_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged image',
    hint: 'Export the image again: it is truncated or damaged.',
  },
  PICTURE_TOO_COMPLEX: {
    kind: 'invalid',
    title: 'Image too complex',
    hint: 'Save the image in a simpler form.',
  },
  PICTURE_TOO_SLOW: {
    kind: 'invalid',
    title: 'Image took too long',
    hint: 'Save the image smaller, or in another format.',
  },
  PICTURE_TOO_LARGE: {
    kind: 'too_large',
    title: 'Image too large',
    hint: 'Send a smaller image; the message states the limit.',
  },
  PICTURE_TYPE: {
    kind: 'unsupported_type',
    title: 'Unsupported image type',
    hint: 'Send one of the formats listed in the message; the format is detected from the content.',
  },
  BASE64_INVALID: {
    kind: 'invalid',
    title: 'Invalid base64',
    hint: 'Send the image as base64 text or as a base64 data URL.',
  },
  TENSOR_INVALID: {
    kind: 'invalid',
    title: 'Tensor of wrong size',
    hint: 'Send as many bytes as shape and type require.',
  },
  TENSOR_DATA: {
    kind: 'invalid',
    title: 'Invalid tensor data',
    hint: 'Correct the tensor data at the position given in `errors`.',
  },
  BINARY_SIZE: {
    kind: 'invalid',
    title: 'Wrong binary size',
    hint: 'Make `binary_data_size` match the number of bytes after the JSON.',
  },
  INPUT_TWICE: { kind: 'invalid', title: 'Input sent twice', hint: 'Send every input once.' },
  OUTPUT_TWICE: { kind: 'invalid', title: 'Output requested twice', hint: 'Request every output once.' },
  OUTPUT_NEEDS_BINARY: {
    kind: 'invalid',
    title: 'Output cannot be JSON',
    hint: 'Request this output with `binary_data`.',
  },
  CLASSIFICATION_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Classification not possible',
    hint: 'Request classes only from networks with labels.',
  },
  INFERENCE_TIMEOUT: {
    kind: 'timeout',
    title: 'Inference timeout',
    hint: 'The inference was stopped at its time limit: send less data, or allow more time.',
  },
  QUEUE_FULL: { kind: 'unavailable', title: 'Queue full', hint: 'Retry after `Retry-After`.' },
  ENGINE_DIED: {
    kind: 'unavailable',
    title: 'Engine process ended',
    hint: 'The inference process died; retry after `Retry-After`. Jobs are retried automatically.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
