/** One figure of the installation. */
export interface MetricSample {
  /** Without the prefix of the product; in base units. */
  readonly name: MetricName;
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
} as const satisfies Readonly<Record<string, string>>;

/** See {@link METRICS}. */
export type MetricName = keyof typeof METRICS;

/** Figures of the whole installation, from the database. */
export interface MetricsRepository {
  read(): Promise<readonly MetricSample[]>;
}
