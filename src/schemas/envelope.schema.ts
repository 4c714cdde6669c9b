import { z } from 'zod';

/** Body of a success with a message and data, as the routes under `/api/users`, `/api/datasets` and `/api/admin` answer. */
export function envelope<Message extends string, Data extends z.ZodType>(message: Message, data: Data) {
  return z.object({ success: z.literal(true), message: z.literal(message), data });
}

/** Body of a success with nothing but a message. */
export function acknowledged<Message extends string>(message: Message) {
  return z.object({ success: z.literal(true), message: z.literal(message) });
}

/** Paging by number: which page, and how many rows on it. */
export const numberedPage = (limit: number) => ({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1).meta({ description: 'Page, from 1' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(limit)
    .meta({ description: `Rows of a page: 1 to 100, ${limit} by default` }),
});

/** Where a numbered page lies among all. */
export const pageFacts = {
  totalItems: z.number().int(),
  currentPage: z.number().int(),
  totalPages: z.number().int(),
  itemsPerPage: z.number().int(),
};
