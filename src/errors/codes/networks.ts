import type { ErrorMeaning } from '../error-kind.js';

/** Codes of networks, of classification and of the Open Inference protocol. */
export const NETWORK_CODES = {
  NETWORK_NOT_FOUND: {
    kind: 'not_found',
    title: 'Network not found',
    hint: 'Choose a network of `GET /api/models`, or install this one.',
  },
  NETWORK_NOT_LOADED: {
    kind: 'not_found',
    title: 'Network not in memory',
    hint: 'Send a request, which loads it, or have an administrator load it.',
  },
  NETWORK_EXISTS: {
    kind: 'conflict',
    title: 'Network exists already',
    hint: 'Give another version or another id.',
  },
  NETWORK_IN_PRODUCT: {
    kind: 'conflict',
    title: 'Network belongs to a task',
    hint: 'It is not removed by this route.',
  },
  NETWORK_ID_INVALID: {
    kind: 'invalid',
    title: 'Invalid network id',
    hint: 'Choose an id by the rule in the message.',
  },
  NETWORK_MANIFEST_INVALID: {
    kind: 'invalid',
    title: 'Invalid network manifest',
    hint: 'Correct the fields of the manifest that the message names; it may also be for another task than the one it is used for.',
  },
  NETWORK_FILE_MISSING: {
    kind: 'invalid',
    title: 'Network file missing',
    hint: 'Install the network again with all its files.',
  },
  NETWORK_DIGEST_MISMATCH: {
    kind: 'invalid',
    title: 'Network file does not match',
    hint: 'Install the network again: its file is not the one that its manifest, or the request, describes.',
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
    hint: 'Export the network with fewer graphs within each other.',
  },
  NETWORK_NEEDS_EXTENSIONS: {
    kind: 'invalid',
    title: 'Custom operators',
    hint: 'Export the network without operators of onnxruntime-extensions.',
  },
  NETWORK_UNKNOWN_OPERATORS: {
    kind: 'invalid',
    title: 'Unknown operators',
    hint: 'Export the network with operators of ONNX or ONNX Runtime.',
  },
  NETWORK_OPSET_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Unsupported operator set',
    hint: 'Export the network with an operator set that the message allows.',
  },
  NETWORK_TENSOR_TOO_LARGE: {
    kind: 'invalid',
    title: 'Tensor too large',
    hint: 'Export the network with inputs and outputs of at most 2^28 elements.',
  },
  NETWORK_TASK_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Network of another task',
    hint: 'Choose a network of the task; `GET /api/models` names it.',
  },
  NETWORK_LOAD_TIMEOUT: {
    kind: 'invalid',
    title: 'Network took too long to load',
    hint: 'Use a smaller network, or a faster machine.',
  },
  NETWORK_MEMORY: {
    kind: 'invalid',
    title: 'Network needs too much memory',
    hint: 'Use a smaller network or input, or raise the limit that the message names.',
  },
  NETWORK_RUN_FAILED: {
    kind: 'invalid',
    title: 'Network could not be run',
    hint: 'The message repeats the reason of ONNX Runtime: correct the input or the network.',
  },
  NETWORK_NON_FINITE: {
    kind: 'invalid',
    title: 'Network output not finite',
    hint: 'Check the network: it gave NaN or infinities for this input.',
  },
  NETWORKS_BUSY: {
    kind: 'unavailable',
    title: 'Networks busy',
    hint: 'All networks in memory are in use: send again after `Retry-After`.',
  },
  MODEL_INVALID: {
    kind: 'invalid',
    title: 'Network cannot be loaded',
    hint: 'The message repeats the reason of ONNX Runtime: correct the network.',
  },
  MODEL_MISMATCH: {
    kind: 'invalid',
    title: 'Tensors do not fit the network',
    hint: 'Send the inputs, and ask for the outputs, that `GET /v2/models/{model}` lists.',
  },
  MODEL_NOT_FOUND: {
    kind: 'invalid',
    title: 'Inpainting model not found',
    hint: 'Choose a `modelId` that is installed.',
  },
  MODEL_OUTPUT_INVALID: {
    kind: 'invalid',
    title: 'Invalid network output',
    hint: 'Check the network: it gave NaN, infinities, or another number of scores than it has labels.',
  },
  MODEL_PATH_FORBIDDEN: {
    kind: 'invalid',
    title: 'Model path not allowed',
    hint: 'Leave `model_path` out: networks are loaded by their id.',
  },
  METADATA_MISSING: {
    kind: 'invalid',
    title: 'Metadata missing',
    hint: 'Write `metadata/<id>.json`, or give the metadata when the network is loaded.',
  },
  METADATA_INVALID: {
    kind: 'invalid',
    title: 'Invalid metadata',
    hint: 'Correct the fields of the metadata that the message names.',
  },
  METADATA_CONFLICT: {
    kind: 'conflict',
    title: 'Metadata conflict',
    hint: 'Leave the metadata out, or make them agree with the installed network.',
  },
  LABELS_INVALID: { kind: 'invalid', title: 'Invalid labels', hint: 'Send the labels as a list of names.' },
  LABELS_MISSING: {
    kind: 'invalid',
    title: 'Labels missing',
    hint: 'Send the file of labels that the manifest names, or a list in the manifest.',
  },
  LABELS_MISMATCH: {
    kind: 'invalid',
    title: 'Wrong number of labels',
    hint: 'Send one label for each class of the network.',
  },
  LABELS_UNKNOWN: {
    kind: 'invalid',
    title: 'Unknown label',
    hint: 'Ask for labels that the network knows; the message lists them.',
  },
  PREPROCESSING_INVALID: {
    kind: 'invalid',
    title: 'Invalid preprocessing',
    hint: 'Correct the field of the preprocessing that the message names.',
  },
  TOO_LONG: {
    kind: 'invalid',
    title: 'Field too long',
    hint: 'Shorten the field; the message has the limit.',
  },
  DETECTOR_NOT_AVAILABLE: {
    kind: 'invalid',
    title: 'Detector not available',
    hint: 'Choose one of the detectors that the message names.',
  },
  DEVICE_NOT_AVAILABLE: {
    kind: 'invalid',
    title: 'Device not available',
    hint: 'Choose another device, or leave `strict` out: the CPU always works.',
  },
  DEVICE_REFUSED: {
    kind: 'unavailable',
    title: 'Device refused the network',
    hint: 'Choose the CPU, or have the operator install the provider of the device.',
  },
  DEVICE_RUN_FAILED: {
    kind: 'unavailable',
    title: 'Device failed',
    hint: 'The device failed while the network ran: send again, or choose the CPU.',
  },
  PICTURE_EMPTY: { kind: 'invalid', title: 'Empty image', hint: 'Send a file with content.' },
  PICTURE_CORRUPT: {
    kind: 'invalid',
    title: 'Damaged image',
    hint: 'Export the image again: it is damaged or cut off.',
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
    hint: 'Send an image below the limit, which the message names.',
  },
  PICTURE_TYPE: {
    kind: 'unsupported_type',
    title: 'Unsupported image type',
    hint: 'Send one of the formats that the message names; the content decides.',
  },
  BASE64_INVALID: {
    kind: 'invalid',
    title: 'Invalid base64',
    hint: 'Send the image as base64 text or as a base64 data URL.',
  },
  TENSOR_INVALID: {
    kind: 'invalid',
    title: 'Tensor of wrong size',
    hint: 'Send as many bytes as shape and type need.',
  },
  TENSOR_DATA: {
    kind: 'invalid',
    title: 'Invalid tensor data',
    hint: 'Correct the data of the tensor at the place that `errors` names.',
  },
  BINARY_SIZE: {
    kind: 'invalid',
    title: 'Wrong binary size',
    hint: 'Make `binary_data_size` and the bytes after the JSON agree.',
  },
  INPUT_TWICE: { kind: 'invalid', title: 'Input sent twice', hint: 'Send every input once.' },
  OUTPUT_TWICE: { kind: 'invalid', title: 'Output requested twice', hint: 'Ask for every output once.' },
  OUTPUT_NEEDS_BINARY: {
    kind: 'invalid',
    title: 'Output cannot be JSON',
    hint: 'Ask for this output with `binary_data`.',
  },
  CLASSIFICATION_UNSUPPORTED: {
    kind: 'invalid',
    title: 'Classification not possible',
    hint: 'Ask for classes only of networks with labels.',
  },
  INFERENCE_TIMEOUT: {
    kind: 'timeout',
    title: 'Inference timeout',
    hint: 'The inference was stopped at its limit: send less, or allow more time.',
  },
  QUEUE_FULL: { kind: 'unavailable', title: 'Queue full', hint: 'Send again after `Retry-After`.' },
  ENGINE_DIED: {
    kind: 'unavailable',
    title: 'Engine process ended',
    hint: 'The process that computed ended; send again after `Retry-After`. Jobs are tried again.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
