import type { PriceController } from '../controllers/price.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { priceOperations } from '../schemas/price.schema.js';

/** Prices. */
export const priceRoutes = (prices: PriceController) => [
  endpoint(priceOperations.list, prices.list),
  endpoint(priceOperations.history, prices.history),
  endpoint(priceOperations.create, prices.create),
];
