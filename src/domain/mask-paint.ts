/** Which pixels of a mask are paint, as it is stored of mask videos and handed to jobs. */
export type MaskPaint =
  /** Above the threshold of grey. */
  | { readonly kind: 'light' }
  /** The same, of what is not transparent. */
  | { readonly kind: 'visibleLight' }
  /** Transparent. */
  | { readonly kind: 'erased' }
  /** Not transparent. */
  | { readonly kind: 'laid' }
  /** Brightest channel above `level`: colours on black. */
  | { readonly kind: 'onBlack'; readonly level: number }
  /** Darkest channel further than `depth` from white: colours on white. */
  | { readonly kind: 'onWhite'; readonly depth: number }
  /** Other than the source at the same time. */
  | { readonly kind: 'difference' };
