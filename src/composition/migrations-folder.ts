import { fileURLToPath } from 'node:url';

/** Folder of the migrations, relative to dist/src/composition. */
export const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));
