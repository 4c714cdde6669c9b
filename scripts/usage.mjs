/**
 * Answers `--help` and mistakes before anything is installed, built or started. Plain JavaScript without imports from
 * node_modules, since those may not be there yet.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commands } from './commands.mjs';

const wantsHelp = (args) => {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
};

/** The same of the first word; of `commands` each has 0, or what has to follow it. Without any there may be the name ''. */
function problemOfCommand(commands, [name = '', ...rest]) {
  const names = Object.keys(commands).filter((known) => known !== '');
  if (!Object.hasOwn(commands, name))
    return name === ''
      ? `A command is missing: ${names.join(', ')}.`
      : `There is no command "${name}"; choose one of ${names.join(', ')}.`;
  if (commands[name] === 0 && rest.length > 0) return `"${name}" is not followed by "${rest[0]}".`;
  return commands[name] !== 0 && rest.length === 0 ? `"${name}" needs ${commands[name]}.` : undefined;
}

/** What is wrong with arguments that are known by name, in a sentence; undefined when nothing is. */
function problemOf(known, { values, positionals }) {
  const { numbers = [], choices = {}, anyCase = [], needs, required = [], commands } = known;
  for (const name of numbers)
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name]))
      return `--${name} takes a whole number, not "${values[name]}".`;
  for (const [name, listed] of Object.entries(choices)) {
    const word = (value) => (anyCase.includes(name) ? value.toUpperCase() : value);
    const value = values[name];
    const names = value === undefined ? [] : listed();
    if (value !== undefined && !names.map(word).includes(word(value)))
      return `--${name} is "${value}"; choose one of ${names.join(', ')}.`;
  }
  const missing = required.find((name) => values[name] === undefined);
  if (missing !== undefined) return `--${missing} is missing.`;
  if (commands !== undefined) return problemOfCommand(commands, positionals);
  if (needs !== undefined && positionals.length !== 1)
    return positionals.length === 0 ? `${needs} is missing.` : `One ${needs} at a time, please.`;
  return needs !== undefined && !existsSync(positionals[0]) ? `${positionals[0]} does not exist.` : undefined;
}

/**
 * Answers `--help` (exit 0) and arguments that do not exist (exit 2); returns when the script may run.
 * @param name a script of package.json
 */
export function checkArguments(name, args) {
  const known = commands[name];
  // Some check their arguments themselves.
  if (known?.usage === undefined) return;
  if (wantsHelp(args)) {
    process.stdout.write(`${known.usage}\n`);
    process.exit(0);
  }
  const fail = (problem) => {
    process.stderr.write(`${problem}\n\nUsage: ${known.usage}\n`);
    process.exit(2);
  };
  try {
    const allowPositionals = known.positionals ?? (known.needs ?? known.commands) !== undefined;
    const parsed = parseArgs({ args, options: known.options ?? {}, allowPositionals });
    const problem = problemOf(known, parsed);
    if (problem !== undefined) fail(problem);
  } catch (error) {
    fail(error.message.split('. To specify')[0]);
  }
}
