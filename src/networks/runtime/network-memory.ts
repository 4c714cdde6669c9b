import { totalmem } from 'node:os';

const MIN_BYTES = 2 * 2 ** 30;

/** Memory in bytes that one network may take in a job: a quarter of the machine's, and at least 2 GiB. */
export const networkMemoryLimit = (): number => Math.max(MIN_BYTES, totalmem() / 4);
