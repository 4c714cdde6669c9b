import { config } from 'zod';

/**
 * To be imported first in engines, before any schema is made: their schemas are interpreted instead of compiled. An engine
 * parses a few messages and manifests before it is of use; compiling the schemas of these takes longer than all its parsing.
 */
config({ jitless: true });
