/** The name in kebab case (`AddUserAge`, `add_user_age`); null where it has other characters than letters, digits, `-` and `_`. */
export function kebabName(text: string | undefined): string | null {
  if (text === undefined || !/^[A-Za-z][\w-]*$/.test(text)) return null;
  return text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** The name of a command: its first argument, also as `--name x`, else the variable of the environment. */
export function givenName(args: readonly string[], variable: string): string | undefined {
  const [first, second] = args;
  if (first === '--name') return second;
  return first?.replace(/^--name=/, '') ?? process.env[variable];
}

/** `UserNote` of `user-note`. */
export const pascalName = (kebab: string): string =>
  kebab.replaceAll(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
