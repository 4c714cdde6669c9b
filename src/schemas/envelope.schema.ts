import { z } from 'zod';

/** Success body with message and data, used under `/api/users`, `/api/datasets` and `/api/admin`. */
export function envelope<Message extends string, Data extends z.ZodType>(message: Message, data: Data) {
  return z.object({ success: z.literal(true), message: z.literal(message), data });
}

/** Success body with only a message. */
export function acknowledged<Message extends string>(message: Message) {
  return z.object({ success: z.literal(true), message: z.literal(message) });
}

/** Paging by page number and page size. */
export const numberedPage = (limit: number) => ({
  page: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .meta({ description: 'Page number, starting at 1' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(limit)
    .meta({ description: `Rows per page: 1 to 100, ${limit} by default` }),
});

/** Position of a numbered page among all rows. */
export const pageFacts = {
  totalItems: z.number().int(),
  currentPage: z.number().int(),
  totalPages: z.number().int(),
  itemsPerPage: z.number().int(),
};
