import { misspelledName } from '../errors/nearest-name.js';

/** Minimum length of a checked name; shorter ones resemble too many others. */
const MIN_LENGTH = 3;
/** Abbreviations such as DB_USER; a single word could be the start of anything. */
const ABBREVIATION = /^[A-Z]+_[A-Z_]{3,}$/;

/** An unknown variable and the setting that was probably meant. */
export interface MisspelledSetting {
  readonly given: string;
  readonly meant: string;
}

/**
 * Finds variables that were probably meant to be settings. Most environment variables are unrelated, so only names
 * within one or two edits of a setting that is not set are reported.
 * @param known names of all settings, including aliases
 */
export function misspelledSettings(source: NodeJS.ProcessEnv, known: readonly string[]): MisspelledSetting[] {
  const isKnown = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  const open = known.filter((name) => !source[name] && !source[`${name}_FILE`]);
  return Object.keys(source)
    .filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name) && name.length >= MIN_LENGTH && !isKnown.has(name))
    .flatMap((given) => {
      const word = given.replace(/_FILE$/, '');
      const whole = ABBREVIATION.test(word) ? open.find((name) => name.startsWith(word)) : undefined;
      const meant = misspelledName(word, open) ?? whole;
      return meant === undefined ? [] : [{ given, meant: `${meant}${given.slice(word.length)}` }];
    });
}
