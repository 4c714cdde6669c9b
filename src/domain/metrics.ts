/** One figure of the installation. */
export interface MetricSample {
  /** Without the prefix of the product; in base units. */
  readonly name: SampleName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All metrics, and what they mean. None contains ids or names of users. */
export const METRICS = {
  queue_waiting: 'Entries that wait for a worker, by queue; jobs also by task',
  queue_running: 'Entries that a worker has, by queue; jobs also by task',
  queue_oldest_waiting_seconds: 'Age of the oldest entry that waits, by queue; 0 without one',
  uploads_open: 'Uploads in several requests that have not received all bytes',
  webhook_deliveries_last_hour: 'Webhook deliveries that ended within the last hour, by outcome',
  webhook_circuits_open: 'Webhook endpoints whose circuit breaker is open',
  webhook_endpoints: 'Webhook endpoints, by state',
  live_sessions: 'Sessions of live servoing',
  connections: 'Open connections of users, by kind',
  api_processes: 'API processes that were seen within the last 12 seconds',
  storage_objects: 'Stored files, by kind; results are in the database',
  storage_bytes: 'Bytes of stored files, by kind; results are in the database',
  storage_operation_seconds: 'Time of operations on stored files, by storage and operation',
  storage_errors_total: 'Operations on stored files that failed, by storage and operation',
  storage_written_bytes_total: 'Bytes written to the storage',
  storage_cache_requests_total: 'Files that were needed locally, by result: hit or miss',
  storage_cache_fetched_bytes_total: 'Bytes fetched for local copies',
} as const satisfies Readonly<Record<string, string>>;

/** See {@link METRICS}. */
export type MetricName = keyof typeof METRICS;

/** Metrics that are no gauges. */
export const METRIC_TYPES: Readonly<Partial<Record<MetricName, 'counter' | 'histogram'>>> = {
  storage_operation_seconds: 'histogram',
  storage_errors_total: 'counter',
  storage_written_bytes_total: 'counter',
  storage_cache_requests_total: 'counter',
  storage_cache_fetched_bytes_total: 'counter',
};

/** Name of a sample: a metric, or a part of a histogram. */
export type SampleName = MetricName | `${MetricName}_${'bucket' | 'sum' | 'count'}`;

/** What is added to a count of the installation. */
export interface CountIncrement {
  readonly name: SampleName;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Figures of the whole installation, from the database. */
export interface MetricsRepository {
  read(): Promise<readonly MetricSample[]>;
  /** Figures that need longer to read. */
  readStorage(): Promise<readonly MetricSample[]>;
  /** Adds to counts. */
  add(increments: readonly CountIncrement[]): Promise<void>;
}
