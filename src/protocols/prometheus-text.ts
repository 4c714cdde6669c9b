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

/** Kind of a metric. */
type PrometheusType = 'gauge' | 'counter' | 'histogram';

/** How {@link prometheusText} names and types metrics. */
interface PrometheusOptions {
  readonly prefix: string;
  /** Gauges unless listed. */
  readonly types?: Readonly<Partial<Record<string, PrometheusType>>>;
}

const HISTOGRAM_PARTS = ['_bucket', '_sum', '_count'] as const;

/** Samples of a metric; buckets of a histogram in ascending order. */
function samplesOf(name: string, type: PrometheusType, samples: readonly PrometheusSample[]) {
  if (type !== 'histogram') return samples.filter((sample) => sample.name === name);
  const limit = ({ labels }: PrometheusSample): number => Number(labels.le?.replace('+Inf', 'Infinity'));
  return HISTOGRAM_PARTS.flatMap((part) =>
    samples
      .filter((sample) => sample.name === `${name}${part}`)
      .toSorted((one, other) => (part === '_bucket' ? limit(one) - limit(other) : 0)),
  );
}

/**
 * Metrics in Prometheus' text format, each with its help. Every metric of `help` is there, if without samples.
 * @param help what each metric means, by its name
 */
export function prometheusText(
  help: Readonly<Record<string, string>>,
  samples: readonly PrometheusSample[],
  { prefix, types = {} }: PrometheusOptions,
): string {
  const lines = Object.entries(help).flatMap(([name, text]) => {
    const type = types[name] ?? 'gauge';
    return [
      `# HELP ${prefix}${name} ${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${prefix}${name} ${type}`,
      ...samplesOf(name, type, samples).map(
        (sample) => `${prefix}${sample.name}${labelsOf(sample.labels)} ${String(sample.value)}`,
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}
