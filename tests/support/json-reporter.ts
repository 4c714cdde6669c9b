import { mkdirSync, writeFileSync } from 'node:fs';
import type { AggregatedResult } from '@jest/reporters';

/** Writes the counts of a run to reports/jest.json, where the CI script reads them. */
export default class JsonReporter {
  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    mkdirSync('reports', { recursive: true });
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites, success } = results;
    const counts = {
      passed: numPassedTests,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      skipped: numPendingTests,
      success,
    };
    writeFileSync('reports/jest.json', `${JSON.stringify(counts, null, 2)}\n`);
  }
}
