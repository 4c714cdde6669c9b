import type { CountIncrement, MetricName, MetricSample } from '../domain/metrics.js';
import { Dao } from './dao.js';

const sample = (name: MetricName, labels: string, value: string): string =>
  `SELECT '${name}' AS name, json_build_object(${labels})::text AS labels, (${value})::float8 AS value`;

/** The three metrics of a queue; `waiting`, `running` and `since` are expressions over the rows of `source`. */
const queue = (
  name: string,
  { source, waiting, running, since }: Readonly<Record<'source' | 'waiting' | 'running' | 'since', string>>,
): string[] => [
  `${sample('queue_waiting', `'queue', '${name}'`, `count(*) FILTER (WHERE ${waiting})`)} FROM ${source}`,
  `${sample('queue_running', `'queue', '${name}'`, `count(*) FILTER (WHERE ${running})`)} FROM ${source}`,
  `${sample('queue_oldest_waiting_seconds', `'queue', '${name}'`, ageOf(`min(${since}) FILTER (WHERE ${waiting})`))} FROM ${source}`,
];

const ageOf = (since: string): string =>
  `COALESCE(GREATEST(0, extract(epoch FROM clock_timestamp() - ${since})), 0)`;

const ofJobs = (name: MetricName, status: string): string =>
  `${sample(name, `'queue', 'jobs', 'task', task`, 'count(*)')}
     FROM inference_jobs WHERE status = '${status}' GROUP BY task`;

const LEASED = 'lease_expires_at >= clock_timestamp()';

/** Each part reads an index of unfinished rows, or small tables. */
const SAMPLES = [
  ofJobs('queue_waiting', 'PENDING'),
  ofJobs('queue_running', 'RUNNING'),
  `${sample('queue_oldest_waiting_seconds', `'queue', 'jobs'`, ageOf('min(created_at)'))}
     FROM inference_jobs WHERE status = 'PENDING'`,
  ...queue('webhooks', {
    source: `webhook_deliveries WHERE status = 'pending'`,
    waiting: `${LEASED} IS NOT TRUE`,
    running: LEASED,
    since: 'created_at',
  }),
  ...queue('previews', {
    source: `media_previews WHERE status = 'pending'`,
    waiting: 'queued_at IS NULL',
    running: 'queued_at IS NOT NULL',
    since: 'created_at',
  }),
  ...queue('imports', {
    source: `import_files WHERE finished_at IS NULL`,
    waiting: `state = 'waiting'`,
    running: `state = 'running'`,
    since: 'due_at',
  }),
  `${sample('queue_waiting', `'queue', 'uploads'`, 'count(*)')} FROM uploads WHERE state = 'received'`,
  `${sample('uploads_open', '', 'count(*)')} FROM uploads WHERE state = 'open'`,
  ...['delivered', 'failed'].map(
    (outcome) =>
      `${sample('webhook_deliveries_last_hour', `'outcome', '${outcome}'`, 'count(*)')} FROM webhook_deliveries
        WHERE status <> 'pending' AND status = '${outcome}' AND finished_at > clock_timestamp() - interval '1 hour'`,
  ),
  `${sample('webhook_circuits_open', '', 'count(*)')} FROM webhooks
    WHERE disabled_at IS NULL AND paused_until > clock_timestamp()`,
  `${sample('webhook_endpoints', `'state', 'enabled'`, 'count(*)')} FROM webhooks WHERE disabled_at IS NULL`,
  `${sample('webhook_endpoints', `'state', 'disabled'`, 'count(*)')} FROM webhooks WHERE disabled_at IS NOT NULL`,
  `${sample('live_sessions', '', 'count(*)')} FROM servo_sessions WHERE status <> 'ended'`,
  ...['ws', 'remote', 'sse'].map(
    (kind) =>
      `${sample('connections', `'kind', '${kind}'`, 'count(*)')} FROM realtime_connections WHERE kind = '${kind}'`,
  ),
  `${sample('api_processes', '', 'count(*)')} FROM realtime_instances
    WHERE seen_at > clock_timestamp() - interval '12 seconds'`,
  'SELECT name, labels, value FROM metric_counts',
].join('\nUNION ALL\n');

/** Number and bytes of the files of one kind. */
const stored = (kind: string, source: string, bytes = 'bytes'): string[] => [
  `${sample('storage_objects', `'kind', '${kind}'`, 'count(*)')} FROM ${source}`,
  `${sample('storage_bytes', `'kind', '${kind}'`, `COALESCE(sum(${bytes}), 0)`)} FROM ${source}`,
];

/** These read whole tables. */
const STORAGE_SAMPLES = [
  ...stored('media', 'media'),
  ...stored('previews', 'media_preview_files'),
  ...stored('results', 'results', 'zip_bytes'),
].join('\nUNION ALL\n');

/** Figures over several tables. */
export class MetricsDao extends Dao {
  async read(): Promise<MetricSample[]> {
    return this.#samples(SAMPLES);
  }

  async readStorage(): Promise<MetricSample[]> {
    return this.#samples(STORAGE_SAMPLES);
  }

  /** In one order, so that processes that add at the same time cannot block each other. */
  async add(increments: readonly CountIncrement[]): Promise<void> {
    const rows = increments.map(({ labels, ...row }) => ({ ...row, labels: JSON.stringify(labels) }));
    await this.rows(
      `INSERT INTO metric_counts (name, labels, value)
       SELECT name, labels, value FROM json_to_recordset($rows::json) AS t(name text, labels text, value float8)
        ORDER BY name, labels
       ON CONFLICT (name, labels) DO UPDATE SET value = metric_counts.value + excluded.value RETURNING name`,
      { rows: JSON.stringify(rows) },
    );
  }

  async #samples(sql: string): Promise<MetricSample[]> {
    const rows = await this.rows<{ name: MetricName; labels: string; value: number }>(sql, {});
    return rows.map(({ labels, ...row }) => ({
      ...row,
      labels: JSON.parse(labels) as Record<string, string>,
    }));
  }
}
