import type { OpenCvObject } from './opencv-module.js';

/** Remembers objects on OpenCV's heap so that they can be freed together. */
export class OpenCvScope {
  readonly #owned: OpenCvObject[] = [];

  /** Hands `object` to the scope and returns it. */
  own<T extends OpenCvObject>(object: T): T {
    this.#owned.push(object);
    return object;
  }

  /** Frees everything, last made first. */
  dispose(): void {
    for (let object = this.#owned.pop(); object !== undefined; object = this.#owned.pop()) object.delete();
  }
}

/** Runs `use` and frees what it handed to the scope, also when it throws: the heap has no garbage collector. */
export function withOpenCvScope<T>(use: (scope: OpenCvScope) => T): T {
  const scope = new OpenCvScope();
  try {
    return use(scope);
  } finally {
    scope.dispose();
  }
}
