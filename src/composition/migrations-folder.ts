import path from 'node:path';

/** Folder of the migrations, seen from dist/src/composition. */
export const MIGRATIONS = path.resolve(import.meta.dirname, '..', '..', '..', 'migrations');
