/**
 * A complete ONNX file (opset 18, written by hand, 184 bytes): `y = relu(x W + b)` with x `[1, 2]`, W = [[1,
 * 2], [3, -4]] and b = [0.5, 0.25]. A device that cannot run it cannot run any network.
 */
const PROBE_GRAPH_BASE64 =
  'CAk6rQEKGQoBeAoBVxICeHcaBW5vZGUwIgZNYXRNdWwKGAoCeHcKAWISA3N1bRoFbm9kZTEiA0FkZAoVCgNzdW0SAXkaBW5vZGUyIgRSZWx1EgVncmFwaCobCAIIAhABQgFXShAAAIA/AAAAQAAAQEAAAIDAKhEIAhABQgFiSggAAAA/AACAPloTCgF4Eg4KDAgBEggKAggBCgIIAmITCgF5Eg4KDAgBEggKAggBCgIIAkIECgAQEg==';

/** The content of the file. */
export const probeGraph = (): Uint8Array => Buffer.from(PROBE_GRAPH_BASE64, 'base64');

/** Its input: x = [1, 2]. */
export const PROBE_INPUT: readonly number[] = [1, 2];

/** The expected output: [1 + 6 + 0.5, max(0, 2 - 8 + 0.25)]. */
export const PROBE_OUTPUT: readonly number[] = [7.5, 0];
