/**
 * Must be imported before `onnxruntime-node`, by every module that imports it. Unless this variable is set
 * before the library initialises, official builds send usage reports with an identifier stored in the home
 * folder (github.com/microsoft/onnxruntime/pull/27379). InferNode sends no usage reports.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
