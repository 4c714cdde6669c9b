/**
 * A whole ONNX file (opset 18, written by hand, 184 bytes): `y = relu(x W + b)` with x `[1, 2]`, W = [[1, 2], [3, -4]]
 * and b = [0.5, 0.25]. A device that cannot run this cannot run anything.
 */
const PROBE_GRAPH_BASE64 =
  'CAk6rQEKGQoBeAoBVxICeHcaBW5vZGUwIgZNYXRNdWwKGAoCeHcKAWISA3N1bRoFbm9kZTEiA0FkZAoVCgNzdW0SAXkaBW5vZGUyIgRSZWx1EgVncmFwaCobCAIIAhABQgFXShAAAIA/AAAAQAAAQEAAAIDAKhEIAhABQgFiSggAAAA/AACAPloTCgF4Eg4KDAgBEggKAggBCgIIAmITCgF5Eg4KDAgBEggKAggBCgIIAkIECgAQEg==';

/** The file's bytes. */
export const probeGraph = (): Uint8Array => Buffer.from(PROBE_GRAPH_BASE64, 'base64');

/** Its input: x = [1, 2]. */
export const PROBE_INPUT: readonly number[] = [1, 2];

/** What it must give: [1 + 6 + 0.5, max(0, 2 - 8 + 0.25)]. */
export const PROBE_OUTPUT: readonly number[] = [7.5, 0];
