import type { FinishedJob } from '../services/result.service.js';
import { zipResultPath, type LinkSigner } from './job.presenter.js';

/** Values of a result that have the right form, in the order of the frames. */
function velocityOf(json: Readonly<Record<string, unknown>>): unknown[] {
  const { velocity } = json;
  return Array.isArray(velocity) ? velocity : [];
}

/** The JSON result: the five fields that compatibility clients read, and everything else that the task reports. */
export function presentResult({ job, result }: FinishedJob, links: LinkSigner) {
  return {
    results: {
      ...result.json,
      requestId: job.id,
      velocity: velocityOf(result.json),
      carbon_footprint: job.energy?.carbonGrams ?? 0,
      download_url: links.sign(zipResultPath(job.id), job.userId),
      message: 'Inference completed successfully',
      zip: { bytes: result.zipBytes, sha256: result.zipSha256 },
    },
  };
}
