import type { ShownInput } from '../services/job-inputs.js';
import type { FinishedJob } from '../services/result.service.js';
import { zipResultPath, type LinkSigner } from './job.presenter.js';

/** The valid velocities of a result, in frame order. */
function velocityOf(json: Readonly<Record<string, unknown>>): unknown[] {
  const { velocity } = json;
  return Array.isArray(velocity) ? velocity : [];
}

/** The JSON result: the five fields of the compatibility format, followed by the task's own fields. */
export function presentResult(
  { job, result }: FinishedJob,
  inputs: readonly ShownInput[] | null,
  links: LinkSigner,
) {
  return {
    results: {
      ...result.json,
      requestId: job.id,
      velocity: velocityOf(result.json),
      carbon_footprint: job.energy?.carbonGrams ?? 0,
      download_url: links.sign(zipResultPath(job.id), job.userId),
      message: 'Inference completed successfully',
      inputs,
      zip: { bytes: result.zipBytes, sha256: result.zipSha256 },
    },
  };
}
