'use strict';

/**
 * Uploads in several requests, from their creation until their files are media. An open one has a hold of its estimated
 * price and a reservation of its size (`upload_reservations`, under the same id). `has_bytes` remains until the store has
 * been asked to remove what it received. Datasets are not referenced, since they may be purged before an upload ends.
 * Ledger rows keep the id of an upload whose row has been removed.
 */
const up = `
CREATE TABLE uploads (
  id          UUID PRIMARY KEY,
  user_id     UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  dataset_id  UUID NOT NULL,
  protocol    VARCHAR(10) NOT NULL,
  kind        VARCHAR(10) NOT NULL,
  role        VARCHAR(10) NOT NULL,
  source_id   UUID,
  name        TEXT NOT NULL,
  extension   VARCHAR(16) NOT NULL,
  is_archive  BOOLEAN NOT NULL,
  options     JSON NOT NULL,
  bytes       BIGINT,
  part_bytes  BIGINT,
  part_count  INTEGER,
  store_id    TEXT NOT NULL,
  parts       JSON,
  quote       JSON NOT NULL,
  held_micro  BIGINT NOT NULL,
  state       VARCHAR(10) NOT NULL DEFAULT 'open',
  problem     JSON,
  result      JSON,
  has_bytes   BOOLEAN NOT NULL DEFAULT TRUE,
  created_at  TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  expires_at  TIMESTAMPTZ(3) NOT NULL,
  finished_at TIMESTAMPTZ(3),
  CONSTRAINT uploads_protocol_known CHECK (protocol IN ('multipart', 'tus')),
  CONSTRAINT uploads_kind_known CHECK (kind IN ('videos', 'images', 'pairs')),
  CONSTRAINT uploads_role_known CHECK (role IN ('source', 'mask')),
  CONSTRAINT uploads_mask_has_source CHECK ((role = 'mask') = (source_id IS NOT NULL)),
  CONSTRAINT uploads_state_known CHECK (state IN ('open', 'received', 'completed', 'refused', 'aborted', 'expired')),
  CONSTRAINT uploads_finished_is_dated CHECK ((state IN ('open', 'received')) = (finished_at IS NULL)),
  CONSTRAINT uploads_completed_has_result CHECK ((state = 'completed') = (result IS NOT NULL)),
  CONSTRAINT uploads_sizes_in_bounds CHECK (bytes >= 0 AND part_bytes > 0 AND part_count > 0 AND held_micro >= 0)
);
CREATE INDEX uploads_by_user ON uploads (user_id, created_at DESC, id DESC);
CREATE INDEX uploads_unfinished ON uploads (expires_at) WHERE state IN ('open', 'received');
CREATE INDEX uploads_of_source ON uploads (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX uploads_with_bytes ON uploads (finished_at) WHERE has_bytes AND finished_at IS NOT NULL;
CREATE INDEX uploads_to_remove ON uploads (finished_at) WHERE state IN ('refused', 'aborted', 'expired');

ALTER TABLE credit_transactions ADD COLUMN upload_id UUID;`;

const down = `
ALTER TABLE credit_transactions DROP COLUMN upload_id;
DROP TABLE uploads;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
