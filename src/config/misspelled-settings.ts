import { misspelledName } from '../errors/nearest-name.js';

/** Shorter names are too near to too many others. */
const SHORTEST = 3;
/** An abbreviation such as DB_USER; one word alone may be the beginning of anything. */
const ABBREVIATION = /^[A-Z]+_[A-Z_]{3,}$/;

/** A variable that is no setting, and the setting that was probably meant. */
export interface MisspelledSetting {
  readonly given: string;
  readonly meant: string;
}

/**
 * Variables that were probably meant to be settings. Most variables of an environment are none of ours, so only those
 * one or two slips away from a setting that is not given count.
 * @param known names of all settings, aliases included
 */
export function misspelledSettings(source: NodeJS.ProcessEnv, known: readonly string[]): MisspelledSetting[] {
  const isKnown = new Set(known.flatMap((name) => [name, `${name}_FILE`]));
  const open = known.filter((name) => !source[name] && !source[`${name}_FILE`]);
  return Object.keys(source)
    .filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name) && name.length >= SHORTEST && !isKnown.has(name))
    .flatMap((given) => {
      const word = given.replace(/_FILE$/, '');
      const whole = ABBREVIATION.test(word) ? open.find((name) => name.startsWith(word)) : undefined;
      const meant = misspelledName(word, open) ?? whole;
      return meant === undefined ? [] : [{ given, meant: `${meant}${given.slice(word.length)}` }];
    });
}
