import { AppError } from '../../errors/app-error.js';
import { refuseExternalData } from './external-data.js';
import type { OnnxFacts } from './onnx-facts.js';

/** Operator domains that come with the runtime. */
const KNOWN_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'ai.onnx.preview', 'com.microsoft']);
/** Domains of onnxruntime-extensions, a library of its own that is not loaded here. */
const EXTENSION_DOMAINS = new Set(['ai.onnx.contrib', 'com.microsoft.extensions']);

const refusal = (code: string, message: string, details?: Readonly<Record<string, unknown>>): AppError =>
  new AppError({ code, kind: 'invalid', message, details });

/**
 * Refuses files that the runtime would refuse too, or worse, with a reason that tells the user what to do.
 *
 * @throws AppError (invalid): `NETWORK_LFS_POINTER`, `NETWORK_NOT_ONNX`, `NETWORK_NO_OPSET`, `NETWORK_EXTERNAL_DATA`,
 * `NETWORK_NEEDS_EXTENSIONS`, `NETWORK_UNKNOWN_OPERATORS`
 */
export function refuseUnloadable(model: Uint8Array, facts: OnnxFacts): void {
  if (Buffer.from(model.subarray(0, 40)).toString('latin1').startsWith('version https://git-lfs')) {
    throw refusal(
      'NETWORK_LFS_POINTER',
      'The file is a git-lfs pointer: fetch the network itself (`git lfs pull`, or the download link of the file).',
    );
  }
  if (!facts.hasGraph || facts.nodes.length === 0) {
    throw refusal('NETWORK_NOT_ONNX', 'The file is no ONNX model: no graph can be read from it.');
  }
  if (facts.opsets.length === 0) {
    throw refusal(
      'NETWORK_NO_OPSET',
      `The file names no operator set (IR version ${String(facts.irVersion)}): it is from before ONNX 1.0 and has to be exported again.`,
      { irVersion: facts.irVersion },
    );
  }
  refuseForeignOperators(facts);
  try {
    refuseExternalData(model);
  } catch (error) {
    throw error instanceof AppError ? refusal('NETWORK_EXTERNAL_DATA', error.message) : error;
  }
}

function refuseForeignOperators({ nodes, functionDomains }: OnnxFacts): void {
  const foreign = nodes.filter(({ domain }) => !KNOWN_DOMAINS.has(domain) && !functionDomains.has(domain));
  if (foreign.length === 0) return;
  const names = [...new Set(foreign.map(({ domain, op }) => `${domain}:${op}`))];
  const list = names.slice(0, 5).join(', ');
  if (foreign.some(({ domain }) => EXTENSION_DOMAINS.has(domain))) {
    throw refusal(
      'NETWORK_NEEDS_EXTENSIONS',
      `The network uses operators of onnxruntime-extensions, which are not available here: ${list}.`,
      { operators: names },
    );
  }
  throw refusal(
    'NETWORK_UNKNOWN_OPERATORS',
    `The network uses operators that no one here implements: ${list}.`,
    { operators: names },
  );
}

/** The runtime's words for operators of a version that it has no kernel for. */
const NO_KERNEL = /could not find an implementation for|not a registered function\/op|No Op registered for/i;

/**
 * A refusal of the runtime with a code of its own where the reason is known: `NETWORK_OPSET_UNSUPPORTED` for operators
 * of versions that nobody implements any more, or not yet. Everything else is passed on.
 */
export function explainLoadFailure(error: unknown, { opsets }: OnnxFacts): unknown {
  if (!(error instanceof AppError) || error.code !== 'MODEL_INVALID' || !NO_KERNEL.test(error.message)) {
    return error;
  }
  const versions = opsets
    .map(({ domain, version }) => `${domain || 'ai.onnx'} ${String(version)}`)
    .join(', ');
  return refusal(
    'NETWORK_OPSET_UNSUPPORTED',
    `The runtime does not implement the network's operator set (${versions}); export it again with a newer one. ${error.message}`,
    { opsets },
  );
}
