import type { Media } from '../dataset.js';
import type { MediaFilter } from '../media-list.js';
import type { Page, PageRequest } from './pages.js';

/** Single media and lists of them; media of deleted datasets are left out. */
export interface MediaRepository {
  /** @throws AppError NOT_FOUND, also for media of other users */
  requireOwned(id: string, userId: string): Promise<Media>;
  /** @throws AppError VALIDATION (malformed) for a cursor of another list or order */
  page(filter: MediaFilter, request: PageRequest): Promise<Page<Media>>;
}
