import type { OpenInferenceController } from '../controllers/open-inference.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { openInferenceOperations } from '../schemas/open-inference.schema.js';

/** The Open Inference protocol, version 2. */
export const openInferenceRoutes = (openInference: OpenInferenceController) => [
  endpoint(openInferenceOperations.server, openInference.server),
  endpoint(openInferenceOperations.live, openInference.live),
  endpoint(openInferenceOperations.ready, openInference.ready),
  endpoint(openInferenceOperations.model, openInference.model),
  endpoint(openInferenceOperations.modelVersion, openInference.model),
  endpoint(openInferenceOperations.modelReady, openInference.modelReady),
  endpoint(openInferenceOperations.modelVersionReady, openInference.modelReady),
  endpoint(openInferenceOperations.infer, openInference.infer),
  endpoint(openInferenceOperations.inferVersion, openInference.infer),
  endpoint(openInferenceOperations.index, openInference.index),
  endpoint(openInferenceOperations.load, openInference.load),
  endpoint(openInferenceOperations.unload, openInference.unload),
];
