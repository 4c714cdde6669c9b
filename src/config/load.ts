import { parseEnvironment, type Environment } from './environment.js';

/**
 * Reads and checks this process's environment; every problem is printed at once and ends the process with code 1.
 * The entry points call it once and hand the result down.
 */
export function loadEnvironment(): Environment {
  try {
    return parseEnvironment(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** The environment of a child process: ours with `overrides`. */
export function childEnvironment(overrides: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}
