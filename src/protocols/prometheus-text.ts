/** A figure with its labels. */
export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Media type of {@link prometheusText}. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const quoted = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

const labelsOf = (labels: PrometheusSample['labels']): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${quoted(value)}`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

/**
 * Gauges in Prometheus' text format, each with its help. Every gauge of `help` is there, if without samples.
 * @param help what each gauge means, by its name
 */
export function prometheusText(
  help: Readonly<Record<string, string>>,
  samples: readonly PrometheusSample[],
  prefix: string,
): string {
  const lines = Object.entries(help).flatMap(([name, text]) => [
    `# HELP ${prefix}${name} ${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${prefix}${name} gauge`,
    ...samples
      .filter((sample) => sample.name === name)
      .map(({ labels, value }) => `${prefix}${name}${labelsOf(labels)} ${String(value)}`),
  ]);
  return `${lines.join('\n')}\n`;
}
