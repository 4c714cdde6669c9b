'use strict';

/**
 * Webhooks. `webhooks` has one row per endpoint, with its secrets and the state of its circuit breaker. `webhook_events`
 * is an outbox: the transaction that appends a job event adds a row, if the owner has an endpoint, and a worker turns it
 * into one row of `webhook_deliveries` for each endpoint. A delivery is sent until it succeeds or expires.
 */
const up = `
CREATE TABLE webhooks (
  id              UUID PRIMARY KEY,
  user_id         UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  url             TEXT NOT NULL,
  description     TEXT NOT NULL DEFAULT '',
  events          TEXT[] NOT NULL,
  tasks           TEXT[] NOT NULL DEFAULT '{}',
  dataset_ids     UUID[] NOT NULL DEFAULT '{}',
  batch_id        UUID,
  secret          TEXT NOT NULL,
  old_secrets     JSON NOT NULL DEFAULT '[]',
  disabled_reason VARCHAR(12),
  disabled_at     TIMESTAMPTZ(3),
  failures        INTEGER NOT NULL DEFAULT 0,
  failing_since   TIMESTAMPTZ(3),
  paused_until    TIMESTAMPTZ(3),
  delivered_at    TIMESTAMPTZ(3),
  created_at      TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  updated_at      TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT webhooks_events_given CHECK (cardinality(events) > 0),
  CONSTRAINT webhooks_disabled_reason_known CHECK (disabled_reason IN ('user', 'gone', 'failing')),
  CONSTRAINT webhooks_disabled_is_complete CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
  CONSTRAINT webhooks_failures_in_bounds CHECK (failures >= 0)
);
CREATE INDEX webhooks_by_user ON webhooks (user_id, created_at DESC, id DESC);
CREATE INDEX webhooks_enabled ON webhooks (user_id) WHERE disabled_at IS NULL;
CREATE INDEX webhooks_of_batch ON webhooks (created_at) WHERE batch_id IS NOT NULL;

CREATE TABLE webhook_events (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id     UUID NOT NULL,
  seq        INTEGER NOT NULL,
  user_id    UUID NOT NULL,
  type       VARCHAR(40) NOT NULL,
  payload    JSON NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE webhook_deliveries (
  id               UUID PRIMARY KEY,
  webhook_id       UUID NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  type             VARCHAR(40) NOT NULL,
  job_id           UUID,
  payload          TEXT NOT NULL,
  status           VARCHAR(10) NOT NULL DEFAULT 'pending',
  attempt          INTEGER NOT NULL DEFAULT 0,
  tries            INTEGER NOT NULL DEFAULT 0,
  next_attempt_at  TIMESTAMPTZ(3),
  expires_at       TIMESTAMPTZ(3) NOT NULL,
  fence            UUID,
  lease_expires_at TIMESTAMPTZ(3),
  attempts         JSON NOT NULL DEFAULT '[]',
  created_at       TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  attempted_at     TIMESTAMPTZ(3),
  finished_at      TIMESTAMPTZ(3),
  CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('pending', 'delivered', 'failed')),
  CONSTRAINT webhook_deliveries_pending_is_due CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
  CONSTRAINT webhook_deliveries_finished_is_dated CHECK ((status = 'pending') = (finished_at IS NULL)),
  CONSTRAINT webhook_deliveries_counts_in_bounds CHECK (tries >= 0 AND attempt >= tries)
);
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at DESC, id DESC);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_expiring ON webhook_deliveries (expires_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE status <> 'pending';
CREATE UNIQUE INDEX webhook_deliveries_newest_progress
  ON webhook_deliveries (webhook_id, job_id) WHERE type = 'job.progress';`;

const down = `
DROP TABLE webhook_deliveries;
DROP TABLE webhook_events;
DROP TABLE webhooks;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
