import { SETTING_NAMES } from './environment.js';
import { misspelledSettings } from './misspelled-settings.js';
import { parseSettings, type Settings } from './settings.js';

/**
 * Reads and validates this process's environment. On problems it prints all of them and exits with code 1. Called once
 * by each entry point, which passes the result on.
 */
export function loadSettings(): Settings {
  try {
    // The parent of a child process has already printed it.
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
  process.stderr.write(`Unknown settings, ignored: ${names.join(', ')}\n`);
}

/** Environment of a child process: this process's environment with `overrides`. */
export function childEnvironment(overrides: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...overrides };
}
