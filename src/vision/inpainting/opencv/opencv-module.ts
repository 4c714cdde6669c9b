import { createRequire } from 'node:module';

/** An object on OpenCV's own heap, which must be freed explicitly. */
export interface OpenCvObject {
  delete(): void;
}

/** Dense matrix on OpenCV's heap. `data` is a view that becomes invalid when the heap grows, so read it immediately. */
interface OpenCvMat extends OpenCvObject {
  readonly rows: number;
  readonly cols: number;
  readonly data: Uint8Array;
}

/** The part of OpenCV.js that is used here. */
export interface OpenCvModule {
  readonly CV_8UC1: number;
  readonly CV_8UC3: number;
  readonly INPAINT_NS: number;
  readonly INPAINT_TELEA: number;
  readonly Mat: new (rows?: number, cols?: number, type?: number) => OpenCvMat;
  /** Writes to `filled`; non-zero pixels of `mask` are filled from up to `radius` pixels away. */
  inpaint(source: OpenCvMat, mask: OpenCvMat, filled: OpenCvMat, radius: number, method: number): void;
}

interface LoadingModule extends OpenCvModule {
  onRuntimeInitialized?: () => void;
}

/**
 * Loads OpenCV.js into this thread (about 180 MB, a few hundred milliseconds) and calls `ready` when it can be used.
 * Uses a callback instead of a promise because the module has a `then` method, so a promise resolved with it would
 * never settle.
 */
export function loadOpenCv(ready: (cv: OpenCvModule) => void): void {
  const cv = withoutNewProcessHandlers(
    () => createRequire(import.meta.url)('@techstark/opencv-js') as LoadingModule,
  );
  if (cv.Mat !== undefined) ready(cv);
  else cv.onRuntimeInitialized = () => ready(cv);
}

/**
 * Removes the process handlers that Emscripten installs: they would end the thread and print a source line of ten
 * megabytes.
 */
function withoutNewProcessHandlers<T>(load: () => T): T {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const loaded = load();
  events.forEach((event, k) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[k].has(listener)) process.off(event, listener as () => void);
    }
  });
  return loaded;
}
