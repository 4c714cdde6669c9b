import { AppError, messageOf } from '../../errors/app-error.js';
import type { CodeOfKind } from '../../errors/codes.js';
import { refuseExternalData } from './external-data.js';
import type { OnnxFacts } from './onnx-facts.js';

/** Operator domains that are part of the runtime. */
const KNOWN_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'ai.onnx.preview', 'com.microsoft']);
/** Domains of onnxruntime-extensions, a separate library that is not used here. */
const EXTENSION_DOMAINS = new Set(['ai.onnx.contrib', 'com.microsoft.extensions']);

const refusal = (
  code: CodeOfKind<'invalid'>,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): AppError => new AppError(code, { message, details });

/**
 * Rejects files on which the runtime would fail or crash, with a message that tells the user what to do.
 * @throws AppError (invalid): `NETWORK_LFS_POINTER`, `NETWORK_NOT_ONNX`, `NETWORK_NO_OPSET`,
 *   `NETWORK_EXTERNAL_DATA`, `NETWORK_TOO_DEEP`, `NETWORK_NEEDS_EXTENSIONS`, `NETWORK_UNKNOWN_OPERATORS`,
 *   `NETWORK_TENSOR_TOO_LARGE`
 */
export function refuseUnloadable(model: Uint8Array, facts: OnnxFacts): void {
  if (Buffer.from(model.subarray(0, 40)).toString('latin1').startsWith('version https://git-lfs')) {
    throw refusal(
      'NETWORK_LFS_POINTER',
      'The file is a git-lfs pointer: fetch the network itself (`git lfs pull`, or the download link of the file).',
    );
  }
  if (!facts.hasGraph || facts.nodes.length === 0) {
    throw refusal('NETWORK_NOT_ONNX', 'The file is not an ONNX model: it contains no readable graph.');
  }
  if (facts.opsets.length === 0) {
    throw refusal(
      'NETWORK_NO_OPSET',
      `The file names no operator set (IR version ${String(facts.irVersion)}): it is from before ONNX 1.0 and has to be exported again.`,
      { irVersion: facts.irVersion },
    );
  }
  refuseForeignOperators(facts);
  refuseHugeTensors(facts);
  try {
    refuseExternalData(model);
  } catch (error) {
    const external = error instanceof AppError && error.code === 'MODEL_INVALID';
    throw external ? refusal('NETWORK_EXTERNAL_DATA', error.message) : error;
  }
}

/** 1 GiB of single precision: far more than networks use, and far less than what would crash a process. */
export const MAX_TENSOR_ELEMENTS = 2 ** 28;

/** Checks the declared shapes before any tensor of that size is allocated. */
function refuseHugeTensors({ inputs, outputs }: OnnxFacts): void {
  const kinds = [
    ['input', inputs],
    ['output', outputs],
  ] as const;
  for (const [kind, values] of kinds) {
    for (const { name, dims } of values) {
      const elements = dims.reduce<number>((product, size) => product * (size ?? 1), 1);
      if (elements <= MAX_TENSOR_ELEMENTS) continue;
      const shape = dims.map((size) => (size === null ? '?' : String(size))).join(', ');
      throw refusal(
        'NETWORK_TENSOR_TOO_LARGE',
        `The network's ${kind} ${shortened(name)} [${shape}] has ${String(elements)} elements; at most ${String(MAX_TENSOR_ELEMENTS)} are allowed.`,
        { elements, limit: MAX_TENSOR_ELEMENTS },
      );
    }
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
    `The network uses operators that the runtime does not support: ${list}.`,
    { operators: names },
  );
}

/** Messages of the runtime for files that are newer than it, and for unknown operators. */
const NEWER_IR = /Unsupported model IR version: (\d+), max supported IR version: (\d+)/;
const NEWER_OPSET = /Opset (\d+) is under development.*support for domain (\S+) is till opset (\d+)/s;
const NO_OPERATOR = /No Op registered for (\S+) with domain_version of (\d+)/;
const NO_FUNCTION = /(\S+)\(-?\d+\) is not a registered function\/op/;
/** Messages of the runtime for operator versions or element types without a kernel. */
const NO_KERNEL = /could not find an implementation for/i;

/**
 * Translates an error of the runtime to a specific code if the reason is known: `NETWORK_OPSET_UNSUPPORTED`
 * for files newer than the runtime and for operator versions that are no longer implemented,
 * `NETWORK_UNKNOWN_OPERATORS` for operators that do not exist. Other errors are returned unchanged.
 */
export function explainLoadFailure(error: unknown, facts: OnnxFacts): unknown {
  if (!(error instanceof AppError) || error.code !== 'MODEL_INVALID') return error;
  // The message of the error may be truncated before the reason.
  const reason = messageOf(error.cause ?? error);
  return newerFile(reason, facts) ?? unknownOperator(reason) ?? missingKernel(error, facts) ?? error;
}

function newerFile(reason: string, { opsets, irVersion }: OnnxFacts): AppError | null {
  const ir = NEWER_IR.exec(reason);
  if (ir !== null) {
    return refusal(
      'NETWORK_OPSET_UNSUPPORTED',
      `The file has IR version ${ir[1]}, but the runtime supports versions up to ${ir[2]}: export it again with an older one.`,
      { irVersion, opsets },
    );
  }
  const opset = NEWER_OPSET.exec(reason);
  if (opset === null) return null;
  return refusal(
    'NETWORK_OPSET_UNSUPPORTED',
    `The network has operator set ${opset[2]} ${opset[1]}, but the runtime supports versions up to ${opset[3]}: export it again with an older one.`,
    { irVersion, opsets },
  );
}

function unknownOperator(reason: string): AppError | null {
  const missing = NO_OPERATOR.exec(reason);
  if (missing !== null) {
    const [, operator, version] = missing;
    return refusal(
      'NETWORK_UNKNOWN_OPERATORS',
      `The network uses the operator ${shortened(operator)}, which operator set ${version} does not have: either no such operator exists, or only newer sets have it.`,
      { operators: [operator] },
    );
  }
  const operator = NO_FUNCTION.exec(reason)?.[1];
  if (operator === undefined) return null;
  return refusal(
    'NETWORK_UNKNOWN_OPERATORS',
    `The network uses an operator that the runtime does not support: ${shortened(operator)}.`,
    { operators: [operator] },
  );
}

function missingKernel({ message }: AppError, { opsets }: OnnxFacts): AppError | null {
  if (!NO_KERNEL.test(message)) return null;
  const versions = opsets
    .map(({ domain, version }) => `${domain || 'ai.onnx'} ${String(version)}`)
    .join(', ');
  return refusal(
    'NETWORK_OPSET_UNSUPPORTED',
    `The runtime does not implement an operator of the network in this version (${versions}) or element type; export it again with a newer operator set, or in float32. ${message}`,
    { opsets },
  );
}

const shortened = (name: string): string => (name.length > 80 ? `${name.slice(0, 77)}...` : name);
