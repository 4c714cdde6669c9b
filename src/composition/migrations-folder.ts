import path from 'node:path';

/** Folder of the migrations, relative to dist/src/composition. */
export const MIGRATIONS = path.resolve(import.meta.dirname, '..', '..', '..', 'migrations');
