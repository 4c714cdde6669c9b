import { hiddenCharacterIn } from './hidden-characters.js';
import type { FieldIssue } from '../errors/app-error.js';
import { escapePointer } from '../errors/json-pointer.js';

const MAX_DEPTH = 32;
const MAX_VALUES = 100_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

// With the u flag a surrogate pair is one code point, so only lone surrogates match.
const LONE_SURROGATE = /\p{Surrogate}/u;

function textProblem(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character';
  if (LONE_SURROGATE.test(text)) return 'holds half of a surrogate pair';
  const hidden = hiddenCharacterIn(text, { lines: true });
  return hidden === null ? null : `contains the invisible character ${hidden}`;
}

function problemOf(value: unknown): string | null {
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return 'is not a finite number';
  return null;
}

function keyProblem(key: string): string | null {
  return FORBIDDEN_KEYS.has(key) ? 'is not an allowed name' : textProblem(key);
}

const tooComplex = (what: string): FieldIssue[] => [
  { pointer: '', message: `the body ${what}`, code: 'TOO_COMPLEX' },
];

/**
 * Finds malformed values that schemas need not check: nesting deeper than 32, NUL characters, lone surrogates, other
 * invisible characters, non-finite numbers and prototype keys. Iterative, so that deep nesting cannot overflow the
 * stack.
 * @param apart root fields whose lists are checked elsewhere
 */
export function findMalformed(root: unknown, apart: readonly string[] = []): FieldIssue[] {
  const issues: FieldIssue[] = [];
  const pending: { value: unknown; pointer: string; depth: number }[] = [
    { value: root, pointer: '', depth: 0 },
  ];
  for (let seen = 0; pending.length > 0; seen += 1) {
    const { value, pointer, depth } = pending.pop() ?? { value: null, pointer: '', depth: 0 };
    if (depth > MAX_DEPTH) return tooComplex(`is nested more than ${MAX_DEPTH} levels deep`);
    // Lists are counted by their length before they are expanded: expanding one of millions of entries would exhaust
    // memory.
    const many = Array.isArray(value) ? value.length : 0;
    if (seen + many > MAX_VALUES) return tooComplex(`has more than ${MAX_VALUES} values`);
    const problem = problemOf(value);
    if (problem !== null) issues.push({ pointer, message: problem, code: 'MALFORMED' });
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      const inner = `${pointer}/${escapePointer(key)}`;
      const wrong = keyProblem(key);
      if (wrong !== null) issues.push({ pointer: inner, message: wrong, code: 'MALFORMED' });
      if (depth === 0 && Array.isArray(item) && apart.includes(key)) continue;
      pending.push({ value: item, pointer: inner, depth: depth + 1 });
    }
  }
  return issues;
}
