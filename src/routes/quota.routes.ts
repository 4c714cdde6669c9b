import type { QuotaController } from '../controllers/quota.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { quotaOperations } from '../schemas/quota.schema.js';

/** Quotas. */
export const quotaRoutes = (quotas: QuotaController) => [
  endpoint(quotaOperations.quota, quotas.quota),
  endpoint(quotaOperations.limits, quotas.limits),
  endpoint(quotaOperations.setLimits, quotas.setLimits),
];
