import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AggregatedResult, Config, Test } from '@jest/reporters';

/** Options of this reporter in jest.config.js. */
interface ReporterOptions {
  /** Silence after which the run has failed: longer than any single test may take. */
  readonly silenceMs: number;
  /** Time for the process to end by itself after the run. */
  readonly exitMs: number;
}

const FILE = path.join('reports', 'jest.json');
const say = (text: string) => process.stderr.write(`\n${text}\n`);
const shortened = (file: string) => path.relative(process.cwd(), file);

/** Seconds that each test file took, the slowest first. */
function suiteTimes({ testResults }: AggregatedResult): object[] {
  return testResults
    .map(({ testFilePath, perfStats, testResults: tests }) => ({
      file: shortened(testFilePath),
      seconds: Math.round((perfStats.end - perfStats.start) / 100) / 10,
      tests: tests.length,
    }))
    .sort((a, b) => b.seconds - a.seconds);
}

/** What is missing from a run that has ended, or null. */
function problemOf(results: AggregatedResult): string | null {
  const suites = results.numPassedTestSuites + results.numFailedTestSuites + results.numPendingTestSuites;
  if (suites < results.numTotalTestSuites)
    return `only ${suites} of ${results.numTotalTestSuites} test files ran`;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numTotalTests } = results;
  const tests = numPassedTests + numFailedTests + numPendingTests + numTodoTests;
  return tests < numTotalTests ? `only ${tests} of ${numTotalTests} collected tests ran` : null;
}

/**
 * Writes the counts of a run to reports/jest.json, where the CI script reads them, and fails a run that does not get to
 * its end. A test file that waits for something that never comes would otherwise hang forever, or, when nothing else
 * keeps the process alive, let it exit with 0.
 */
export default class JsonReporter {
  readonly #running = new Set<string>();
  #unfinished = false;
  #problem: string | null = null;
  #watchdog: NodeJS.Timeout | undefined;

  readonly #config: Config.GlobalConfig;
  readonly #options: ReporterOptions;

  constructor(config: Config.GlobalConfig, options: ReporterOptions) {
    this.#config = config;
    this.#options = options;

    process.once('exit', () => {
      if (!this.#unfinished) return;
      say(`The test run ended without a result. ${this.#stillRunning()}`);
      process.exitCode = 1;
    });
  }

  onRunStart(): void {
    this.#unfinished = true;
    this.#problem = null;
    this.#write({ passed: 0, failed: 0, skipped: 0, success: false });
    this.#heard();
  }

  onTestFileStart({ path: file }: Test): void {
    this.#running.add(file);
  }

  onTestCaseResult(): void {
    this.#heard();
  }

  onTestFileResult({ path: file }: Test): void {
    this.#running.delete(file);
    this.#heard();
  }

  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    clearTimeout(this.#watchdog);
    this.#unfinished = false;
    this.#problem = problemOf(results);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.#write({
      passed: results.numPassedTests,
      failed: this.#problem ? Math.max(failed, 1) : failed,
      skipped: results.numPendingTests,
      success: failed === 0 && this.#problem === null,
      suites: suiteTimes(results),
    });
    if (this.#problem) say(`The test run is incomplete: ${this.#problem}.`);
    if (!this.#config.watch && !this.#config.watchAll) this.#endSoon();
  }

  /** Asked by Jest after a run: an error makes it fail. */
  getLastError(): Error | undefined {
    return this.#problem === null ? undefined : new Error(this.#problem);
  }

  #stillRunning(): string {
    return `Not finished: ${[...this.#running].map(shortened).join(', ') || 'no test file'}.`;
  }

  /** Starts the silence again. */
  #heard(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      say(`No test has reported for ${this.#options.silenceMs / 1000} s.`);
      process.exit(1);
    }, this.#options.silenceMs).unref();
  }

  /** What a test file left open in this very process would keep it for ever. */
  #endSoon(): void {
    setTimeout(() => {
      say(`The test process does not end by itself: ${process.getActiveResourcesInfo().join(', ')}.`);
      process.exit(1);
    }, this.#options.exitMs).unref();
  }

  #write(report: object): void {
    mkdirSync(path.dirname(FILE), { recursive: true });
    writeFileSync(FILE, `${JSON.stringify(report, null, 2)}\n`);
  }
}
