import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { format } from 'prettier';
import { productVersion } from '../src/composition/product-version.js';
import { buildOpenApiDocument } from '../src/schemas/openapi.js';
import { buildCollection, buildEnvironment } from './postman/collection.js';
import { writeSampleFiles } from './postman/sample-files.js';

/**
 * Writes the Postman collection, its environment and sample files to `postman/`, generated from the OpenAPI document:
 * `npm run postman`.
 */
const folder = path.resolve('postman');
await mkdir(folder, { recursive: true });
const document = buildOpenApiDocument({ version: productVersion() });
const files = {
  'InferNode Inpainting.postman_collection.json': buildCollection(document),
  'InferNode local.postman_environment.json': buildEnvironment(),
};
for (const [name, content] of Object.entries(files))
  await writeFile(path.join(folder, name), await format(JSON.stringify(content), { parser: 'json' }));
await writeSampleFiles(path.join(folder, 'files'));
console.log(`Wrote ${Object.keys(files).join(', ')} and the sample files to ${folder}.`);
