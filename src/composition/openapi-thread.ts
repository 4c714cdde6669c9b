import { parentPort, workerData } from 'node:worker_threads';
import { buildOpenApiDocument } from '../schemas/openapi.js';

parentPort?.postMessage(JSON.stringify(buildOpenApiDocument(workerData as { version: string })));
