import { protobufFields } from './protobuf-fields.js';

/** Facts read from an ONNX file without the runtime (field numbers of onnx.proto3). */
export interface OnnxFacts {
  /** 0 if the file has none. */
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly nodes: readonly OnnxNode[];
  /** Inputs and outputs of the graph with their shapes; a dynamic dimension is null. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Domains of functions that the file defines itself. */
  readonly functionDomains: ReadonlySet<string>;
  readonly hasGraph: boolean;
}

/** An input or output of the graph. */
interface OnnxValue {
  readonly name: string;
  /**
   * Sizes above 2^53 are inexact. Negative sizes, which some exporters write for dynamic dimensions, become
   * null.
   */
  readonly dims: readonly (number | null)[];
}

/** One operator of the main graph. */
interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const text = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');

/** Reads the structure of the main graph; weights are skipped. */
export function readOnnxFacts(model: Uint8Array): OnnxFacts {
  let irVersion = 0;
  let graph: Uint8Array | undefined;
  const opsets: { domain: string; version: number }[] = [];
  const functionDomains = new Set<string>();
  for (const { number, value, bytes } of protobufFields(model)) {
    if (number === 1 && value !== undefined) irVersion = value;
    if (number === 7 && bytes !== undefined) graph = bytes;
    if (number === 8 && bytes !== undefined) opsets.push(readOpset(bytes));
    if (number === 25 && bytes !== undefined) functionDomains.add(readString(bytes, 10));
  }
  const nodes: OnnxNode[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  for (const { number, bytes } of protobufFields(graph ?? new Uint8Array())) {
    if (number === 1 && bytes !== undefined) nodes.push(readNode(bytes));
    if (number === 11 && bytes !== undefined) inputs.push(readValue(bytes));
    if (number === 12 && bytes !== undefined) outputs.push(readValue(bytes));
  }
  return { irVersion, opsets, nodes, inputs, outputs, functionDomains, hasGraph: graph !== undefined };
}

/**
 * Operators that only change shape, order or precision, so they are skipped when the producer of an output is
 * determined.
 */
const TRANSPARENT = new Set([
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Slice',
  'Identity',
  'Cast',
  'Clip',
  'Dropout',
  'QuantizeLinear',
  'DequantizeLinear',
]);

/** The operator that computes an output's values: `Softmax`, `Gemm` …; undefined if unknown. */
export function producerOf({ nodes }: Pick<OnnxFacts, 'nodes'>, output: string): string | undefined {
  let name = output;
  for (let steps = 0; steps <= nodes.length; steps += 1) {
    const node = nodes.find(({ outputs }) => outputs.includes(name));
    if (node === undefined || !TRANSPARENT.has(node.op)) return node?.op;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}

function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  let version = 0;
  for (const field of protobufFields(bytes)) {
    if (field.number === 2 && field.value !== undefined) version = field.value;
  }
  return { domain: readString(bytes, 1), version };
}

function readString(message: Uint8Array, wanted: number): string {
  for (const { number, bytes } of protobufFields(message)) if (number === wanted) return text(bytes);
  return '';
}

/** The last field with this number, as protobuf requires; an empty message if there is none. */
function readMessage(message: Uint8Array, wanted: number): Uint8Array {
  let found = new Uint8Array();
  for (const { number, bytes } of protobufFields(message))
    if (number === wanted && bytes) found = bytes.slice();
  return found;
}

/** Like in the runtime, a negative size (two's complement) is a dynamic dimension. */
const sizeOf = (value: number | undefined): number | null =>
  value === undefined || value >= 2 ** 63 ? null : value;

/** ValueInfoProto: name, and type.tensor_type.shape.dim with dim_value or dim_param. */
function readValue(message: Uint8Array): OnnxValue {
  const shape = readMessage(readMessage(readMessage(message, 2), 1), 2);
  const dims: (number | null)[] = [];
  for (const { number, bytes } of protobufFields(shape)) {
    if (number !== 1 || bytes === undefined) continue;
    let size: number | null = null;
    for (const { number: field, value } of protobufFields(bytes)) if (field === 1) size = sizeOf(value);
    dims.push(size);
  }
  return { name: readString(message, 1), dims };
}

function readNode(message: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  let op = '';
  let domain = '';
  for (const { number, bytes } of protobufFields(message)) {
    if (number === 1) inputs.push(text(bytes));
    if (number === 2) outputs.push(text(bytes));
    if (number === 4) op = text(bytes);
    if (number === 7) domain = text(bytes);
  }
  return { op, domain, inputs, outputs };
}
