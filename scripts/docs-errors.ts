import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorsPage } from './docs/errors-page.js';

await writeFile(path.resolve('docs', 'errors.md'), errorsPage());
