import { SETTING_NAMES } from './environment.js';
import { misspelledSettings } from './misspelled-settings.js';
import { parseSettings, type Settings } from './settings.js';

/**
 * Reads and checks this process's environment; every problem is printed at once and ends the process with code 1.
 * The entry points call it once and hand the result down.
 */
export function loadSettings(): Settings {
  try {
    // A child's parent has said it already.
    if (process.send === undefined) warnOfMisspelled(process.env);
    return parseSettings(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

function warnOfMisspelled(source: NodeJS.ProcessEnv): void {
  const misspelled = misspelledSettings(source, SETTING_NAMES);
  if (misspelled.length === 0) return;
  const names = misspelled.map(({ given, meant }) => `${given} (did you mean ${meant}?)`);
  process.stderr.write(`Not a setting, so it changes nothing: ${names.join(', ')}\n`);
}

/** The environment of a child process: ours with `overrides`. */
export function childEnvironment(overrides: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}
