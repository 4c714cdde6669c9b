import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Source files imported by a file, including `import type` and `import()`. */
function importsOf(file, text) {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => sourceOf(file, fileName))
    .filter((source) => existsSync(source));
}

const sourceOf = (importer, specifier) =>
  path.resolve(path.dirname(importer), specifier.replace(/\.js$/, '.ts'));

/** Imports of files seen in this run. */
const seen = new Map();

function seenImportsOf(file) {
  const known = seen.get(file);
  if (known) return known;
  const imports = importsOf(file, readFileSync(file, 'utf8'));
  seen.set(file, imports);
  return imports;
}

/** The chain of imports from one file to another, or `null`. */
function wayBetween(from, to) {
  const cameFrom = new Map([[from, null]]);
  for (const file of cameFrom.keys()) {
    if (file === to) {
      const way = [];
      for (let step = to; step !== null; step = cameFrom.get(step)) way.unshift(step);
      return way;
    }
    for (const next of seenImportsOf(file)) if (!cameFrom.has(next)) cameFrom.set(next, file);
  }
  return null;
}

/**
 * Forbids import cycles. `import-x/no-cycle` ignores cycles through types, but these couple files as well: none can be
 * understood, moved or tested alone.
 */
export const noImportCycles = {
  meta: {
    type: 'problem',
    docs: { description: 'Forbid import cycles, including those through types.' },
    messages: { cycle: 'This import closes a cycle: {{way}}.' },
    schema: [],
  },
  create(context) {
    const file = context.physicalFilename;
    // The file may have changed since it was read.
    seen.set(file, importsOf(file, context.sourceCode.text));
    const check = ({ source }) => {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const imported = sourceOf(file, source.value);
      const way = existsSync(imported) ? wayBetween(imported, file) : null;
      if (way === null) return;
      const names = [file, ...way].map((step) => path.relative(context.cwd, step));
      context.report({ node: source, messageId: 'cycle', data: { way: names.join(' → ') } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};
