import type { ReportInput } from './report-input.js';

/** Time between processed frames, seconds. */
export function secondsPerFrame({ input, probes }: Pick<ReportInput, 'input' | 'probes'>): number {
  const { fps } = probes.current;
  return (input.frameStep * fps.den) / fps.num;
}
