import { z } from 'zod';
import { givenText } from './given.js';

type UnionIssue = z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>;

/**
 * Texts for values that fit no choice of a union, wherever one is checked: the library's own say neither what could
 * have been given ("Invalid input") nor, of a choice that may be left out, anything but 'undefined'.
 */
export function nameChoicesOfUnions(): void {
  z.config({ customError: (issue) => (isUnion(issue) ? unionText(issue) : undefined) });
}

const isUnion = (issue: z.core.$ZodRawIssue): issue is UnionIssue => issue.code === 'invalid_union';

function unionText(issue: UnionIssue): string {
  const path = issue.path ?? [];
  const { input, discriminator } = issue;
  if (typeof discriminator === 'string') {
    const given: unknown =
      typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : null;
    return `${choicesText(issue.options)}${givenText(given, path)}`;
  }
  return `${branchesText(issue.errors)}${givenText(input, path)}`;
}

function choicesText(options: unknown): string {
  const choices = (Array.isArray(options) ? options : []).filter(
    (option) => option !== undefined && option !== null,
  );
  return `must be one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
}

/** What each choice asks for; of choices with the right outer form only the first, with what is wrong inside. */
function branchesText(errors: readonly (readonly z.core.$ZodIssue[])[]): string {
  const near = errors.find((issues) => issues.length > 0 && issues.every(({ path }) => path.length > 0));
  if (near) return near.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  const wanted = errors.flatMap((issues) =>
    issues
      .filter(({ path }) => path.length === 0)
      .map(({ message }) => message.replace(/^Invalid \w+: /, '').replace(/, received \w+$/, '')),
  );
  return wanted.length === 0 ? 'Invalid input' : `Invalid input: ${[...new Set(wanted)].join(', or ')}`;
}
