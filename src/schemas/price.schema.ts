import { z } from 'zod';
import { hasDecimals, PRICE_UNITS } from '../domain/money.js';
import { credits, lineOfText, timestamp } from './common.schema.js';
import { numberedPage, pageFacts } from './envelope.schema.js';
import { ADMIN, CATALOGUE, operation } from './operation.js';
import { json } from './request-body.js';

const MAX_PRICE = 1_000_000;
const MAX_NOTE_LENGTH = 200;

/** An exact number of micro-credits. */
const price = z
  .number()
  .min(0)
  .max(MAX_PRICE)
  .refine((value) => hasDecimals(value, 6), 'must have at most six decimals')
  .meta({ description: 'Credits, at most six decimals, 0 to 1 000 000', example: 0.002 });

const preset = z.string().min(1).max(30).meta({ example: 'infernode' });
const priceVersion = z
  .object({
    preset,
    version: z.number().int(),
    effectiveFrom: timestamp.nullable().meta({ description: 'null: the prices that the product comes with' }),
    prices: z.record(z.string(), credits).meta({
      description: `Credits per unit: ${PRICE_UNITS.join(', ')}`,
      example: { 'inference.image': 0.002 },
    }),
  })
  .meta({ id: 'PriceVersion' });
const priceHistoryEntry = priceVersion
  .extend({ createdAt: timestamp.nullable(), createdBy: z.string().nullable(), note: z.string() })
  .meta({ id: 'PriceHistoryEntry' });

const priceChange = z
  .strictObject({
    preset,
    prices: z
      .partialRecord(z.enum(PRICE_UNITS), price)
      .refine((prices) => Object.keys(prices).length > 0, 'must have at least one price'),
    effectiveFrom: timestamp.optional().meta({ description: 'Now by default, at most 366 days ahead' }),
    note: lineOfText(MAX_NOTE_LENGTH)
      .default('')
      .meta({ description: 'For other admins', example: 'Prices of 2027' }),
  })
  .meta({ id: 'PriceChange' });

/** The price list, and its versions for admins. */
export const priceOperations = {
  list: operation({
    method: 'get',
    path: '/api/prices',
    operationId: 'listPrices',
    summary: 'Prices that apply now, and those that have been scheduled',
    description: 'Quotes and charges use these prices. A job keeps the prices that it was quoted with.',
    tag: 'Users',
    ...CATALOGUE,
    responses: [
      {
        status: 200,
        description: 'One entry for each preset; tasks name their preset in `GET /api/models`',
        schema: z
          .object({ data: z.array(priceVersion.extend({ scheduled: z.array(priceVersion) })) })
          .meta({ id: 'PriceList' }),
      },
    ],
  }),
  history: operation({
    method: 'get',
    path: '/api/admin/prices',
    operationId: 'listPriceVersions',
    summary: 'All versions of the prices, by the time at which they take effect, newest first',
    tag: 'Administration',
    ...ADMIN,
    query: z.strictObject({ ...numberedPage(50), preset: preset.optional() }),
    responses: [
      {
        status: 200,
        description: 'One page of versions',
        schema: z.object({ data: z.array(priceHistoryEntry), ...pageFacts }).meta({ id: 'PriceHistory' }),
      },
    ],
  }),
  create: operation({
    method: 'post',
    path: '/api/admin/prices',
    operationId: 'createPriceVersion',
    summary: 'Change prices, now or at a time in the future',
    description:
      'Adds a version; versions are never changed. Units that are left out keep the price that applies at that time. Of two versions for the same time the one with the higher number applies.',
    tag: 'Administration',
    ...ADMIN,
    body: json(priceChange),
    audited: ['preset', 'prices', 'effectiveFrom', 'note'],
    idempotent: true,
    responses: [{ status: 201, description: 'The version', schema: priceHistoryEntry }],
  }),
};
