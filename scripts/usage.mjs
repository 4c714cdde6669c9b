/**
 * Handles `--help` and invalid arguments before anything is installed, built or started. Plain JavaScript without
 * imports from node_modules, which may not be installed yet.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { commands } from './commands.mjs';

const wantsHelp = (args) => {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
};

/**
 * Problem of the subcommand; `commands` maps each name to 0 or to the description of its required argument. The name ''
 * stands for no subcommand.
 */
function problemOfCommand(commands, [name = '', ...rest]) {
  const names = Object.keys(commands).filter((known) => known !== '');
  if (!Object.hasOwn(commands, name))
    return name === ''
      ? `A command is missing: ${names.join(', ')}.`
      : `Unknown command "${name}"; choose one of ${names.join(', ')}.`;
  if (commands[name] === 0 && rest.length > 0) return `"${name}" is not followed by "${rest[0]}".`;
  return commands[name] !== 0 && rest.length === 0 ? `"${name}" needs ${commands[name]}.` : undefined;
}

/** Problem of parsed arguments, as a sentence; undefined when there is none. */
function problemOf(known, { values, positionals }) {
  const { numbers = [], choices = {}, anyCase = [], needs, required = [], commands } = known;
  for (const name of numbers)
    if (values[name] !== undefined && !/^\d{1,9}$/.test(values[name]))
      return `--${name} takes an integer, not "${values[name]}".`;
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
 * Handles `--help` (exit 0) and unknown arguments (exit 2); returns when the script may run.
 * @param name a script of package.json
 */
export function checkArguments(name, args) {
  const known = commands[name];
  // Some scripts validate their own arguments.
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
