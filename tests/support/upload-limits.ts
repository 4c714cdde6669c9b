/** The limits of uploads that an installation has without settings of its own. */
export const UPLOAD_LIMITS = { maxPixels: 4096 * 4096, maxFrames: 500_000 };
