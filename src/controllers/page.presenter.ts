import type { Slice } from '../domain/listing.js';

/** A page by number, starting at 1. */
export interface NumberedPage {
  readonly page: number;
  readonly limit: number;
}

/** Row range of a numbered page. */
export function sliceOf({ page, limit }: NumberedPage): Slice {
  return { offset: (page - 1) * limit, limit };
}

/** Position of a numbered page among `total` rows. */
export function pageFactsOf({ page, limit }: NumberedPage, total: number) {
  return {
    totalItems: total,
    currentPage: page,
    totalPages: Math.ceil(total / limit),
    itemsPerPage: limit,
  };
}
