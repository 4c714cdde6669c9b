import type { OpenCvObject } from './opencv-module.js';

/** Tracks objects on OpenCV's heap so that they can be freed together. */
export class OpenCvScope {
  readonly #owned: OpenCvObject[] = [];

  /** Registers `object` with the scope and returns it. */
  own<T extends OpenCvObject>(object: T): T {
    this.#owned.push(object);
    return object;
  }

  /** Frees all objects in reverse order of registration. */
  dispose(): void {
    for (let object = this.#owned.pop(); object !== undefined; object = this.#owned.pop()) object.delete();
  }
}

/**
 * Runs `use` and frees the objects that it registered, even when it throws, because the heap has no garbage collector.
 */
export function withOpenCvScope<T>(use: (scope: OpenCvScope) => T): T {
  const scope = new OpenCvScope();
  try {
    return use(scope);
  } finally {
    scope.dispose();
  }
}
