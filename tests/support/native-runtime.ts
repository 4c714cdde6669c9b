import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Jest } from '@jest/environment';
import type runtime from 'jest-runtime';

/** Its types describe the CommonJS module; an import would get another one. */
const { default: JestRuntime } = createRequire(import.meta.url)('jest-runtime') as typeof runtime;

/** The part of Jest's runtime that makes the `jest` object of a test file. */
interface JestGlobals {
  jestObjectFor(from: string): Jest;
}

const imports = new Map<string, number>();

/**
 * Loads test files with Node's own loader instead of Jest's sandbox, so that a module is loaded, linked and compiled by
 * the engine once for all test files of a process.
 */
export default class NativeRuntime extends JestRuntime {
  /** Jest's own modules; they keep the tests of a file in module state, so each file gets a new instance. */
  override requireInternalModule<Exports = unknown>(from: string, to?: string): Exports {
    const require = createRequire(from);
    const file = require.resolve(to ?? from);
    delete require.cache[file];
    return require(file) as Exports;
  }

  /** What is not imported would be loaded into a sandbox. */
  override unstable_shouldLoadAsEsm(): boolean {
    return true;
  }

  override async unstable_importModule(from: string): Promise<void> {
    const globals = Reflect.get(this, 'jestGlobals') as JestGlobals;
    Object.assign(globalThis, { jest: globals.jestObjectFor(from) });
    const url = pathToFileURL(from);
    // A file that runs again in the same process has to declare its tests again.
    const times = imports.get(from) ?? 0;
    if (times > 0) url.searchParams.set('run', String(times));
    imports.set(from, times + 1);
    await import(url.href);
  }
}
