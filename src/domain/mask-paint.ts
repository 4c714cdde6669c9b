/** Rule for which pixels of a mask are paint; stored for mask videos and passed to jobs. */
export type MaskPaint =
  /** Grey value above the threshold. */
  | { readonly kind: 'light' }
  /** As `light`, among pixels that are not transparent. */
  | { readonly kind: 'visibleLight' }
  /** Transparent. */
  | { readonly kind: 'erased' }
  /** Not transparent. */
  | { readonly kind: 'laid' }
  /** Brightest channel above `level`: colours on black. */
  | { readonly kind: 'onBlack'; readonly level: number }
  /** Darkest channel further than `depth` from white: colours on white. */
  | { readonly kind: 'onWhite'; readonly depth: number }
  /** Different from the source at the same time. */
  | { readonly kind: 'difference' };
