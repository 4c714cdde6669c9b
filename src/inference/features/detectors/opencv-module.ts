import { createRequire } from 'node:module';

/** Anything that lives on OpenCV's own heap and is freed by hand. */
export interface OpenCvObject {
  delete(): void;
}

/** Dense matrix on OpenCV's heap; `data` is a view that a growing heap invalidates, so it is read at once. */
export interface OpenCvMat extends OpenCvObject {
  readonly rows: number;
  readonly cols: number;
  readonly data: Uint8Array;
}

/** One key point, copied out of the heap. */
export interface OpenCvKeyPoint {
  readonly pt: { readonly x: number; readonly y: number };
  readonly size: number;
  readonly angle: number;
  readonly response: number;
}

/** `std::vector<KeyPoint>`. */
export interface OpenCvKeyPoints extends OpenCvObject {
  size(): number;
  get(index: number): OpenCvKeyPoint;
}

/** The part of `cv::Feature2D` that is used here. */
export interface OpenCvFeature2D extends OpenCvObject {
  detectAndCompute(
    image: OpenCvMat,
    mask: OpenCvMat,
    keyPoints: OpenCvKeyPoints,
    descriptors: OpenCvMat,
  ): void;
}

/** `cv::ORB`. */
export interface OpenCvOrb extends OpenCvFeature2D {
  setFastThreshold(threshold: number): void;
  setEdgeThreshold(pixels: number): void;
  setNLevels(levels: number): void;
  setScaleFactor(factor: number): void;
}

/** `cv::AKAZE`. */
export interface OpenCvAkaze extends OpenCvFeature2D {
  setThreshold(threshold: number): void;
}

/** The part of OpenCV.js that is used here; the package's own types lack AKAZE and the exception functions. */
export interface OpenCvModule {
  readonly CV_8UC1: number;
  readonly CV_8UC3: number;
  readonly INPAINT_NS: number;
  readonly INPAINT_TELEA: number;
  readonly HEAPU8: Uint8Array;
  readonly Mat: new (rows?: number, cols?: number, type?: number) => OpenCvMat;
  readonly KeyPointVector: new () => OpenCvKeyPoints;
  readonly ORB: new (maxFeatures: number) => OpenCvOrb;
  readonly AKAZE: new () => OpenCvAkaze;
  /** Writes into `filled`; pixels of `mask` that are not 0 are filled from up to `radius` pixels away. */
  inpaint(source: OpenCvMat, mask: OpenCvMat, filled: OpenCvMat, radius: number, method: number): void;
  exceptionFromPtr(pointer: number): { readonly msg: string };
}

interface LoadingModule extends OpenCvModule {
  onRuntimeInitialized?: () => void;
}

/**
 * Loads OpenCV.js into this thread (about 180 MB, a few hundred milliseconds) and calls `ready` once it can be used.
 * A callback and no promise: the module has a `then` method, so resolving a promise with it would never end.
 */
export function loadOpenCv(ready: (cv: OpenCvModule) => void): void {
  const cv = withoutNewProcessHandlers((): LoadingModule =>
    createRequire(import.meta.url)('@techstark/opencv-js'),
  );
  if (cv.Mat !== undefined) ready(cv);
  else cv.onRuntimeInitialized = () => ready(cv);
}

/** Emscripten's own handlers would end the thread with a ten megabyte source line as the message: drops them. */
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

/** What an error thrown by OpenCV.js says: C++ exceptions arrive as bare numbers, pointers into its heap. */
export function describeOpenCvError(cv: OpenCvModule, thrown: unknown): string {
  if (typeof thrown === 'number') return cv.exceptionFromPtr(thrown).msg.trim();
  return thrown instanceof Error ? thrown.message : String(thrown).slice(0, 500);
}
