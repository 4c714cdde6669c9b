/**
 * Imported before `onnxruntime-node` by every module that imports that: the official builds report use to their maker, with an
 * identifier that they keep in the home folder, unless this is set before the library initialises
 * (github.com/microsoft/onnxruntime/pull/27379). InferNode sends no usage reports.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
