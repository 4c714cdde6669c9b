import type { Slice } from '../domain/listing.js';

/** A page by number, from 1. */
export interface NumberedPage {
  readonly page: number;
  readonly limit: number;
}

/** Which rows a numbered page holds. */
export function sliceOf({ page, limit }: NumberedPage): Slice {
  return { offset: (page - 1) * limit, limit };
}

/** Where a numbered page lies among `total` rows. */
export function pageFactsOf({ page, limit }: NumberedPage, total: number) {
  return {
    totalItems: total,
    currentPage: page,
    totalPages: Math.ceil(total / limit),
    itemsPerPage: limit,
  };
}
