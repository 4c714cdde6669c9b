'use strict';

/**
 * Imports from URLs. A file is claimed by a worker for the time of a lease; whoever claims it next raises `fence`, so a
 * late write of an earlier worker is refused. An unfinished file has a hold of the least price that it can have. Datasets
 * are not referenced, since they may be purged before an import ends.
 */
const up = `
CREATE TABLE imports (
  id         UUID PRIMARY KEY,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  dataset_id UUID NOT NULL,
  kind       VARCHAR(10) NOT NULL,
  options    JSON NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT imports_kind_known CHECK (kind IN ('videos', 'images', 'pairs'))
);
CREATE INDEX imports_by_dataset ON imports (dataset_id, created_at DESC, id DESC);
CREATE INDEX imports_by_user ON imports (user_id);

CREATE TABLE import_files (
  id          UUID PRIMARY KEY,
  import_id   UUID NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
  user_id     UUID NOT NULL,
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL,
  url         TEXT NOT NULL,
  mask_url    TEXT,
  held_micro  BIGINT NOT NULL,
  state       VARCHAR(10) NOT NULL DEFAULT 'waiting',
  attempt     INTEGER NOT NULL DEFAULT 0,
  fence       INTEGER NOT NULL DEFAULT 0,
  due_at      TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  lease_until TIMESTAMPTZ(3),
  bytes       BIGINT NOT NULL DEFAULT 0,
  total_bytes BIGINT,
  problem     JSON,
  result      JSON,
  finished_at TIMESTAMPTZ(3),
  CONSTRAINT import_files_position UNIQUE (import_id, position),
  CONSTRAINT import_files_state_known CHECK (state IN ('waiting', 'running', 'completed', 'failed', 'cancelled')),
  CONSTRAINT import_files_running_has_lease CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CONSTRAINT import_files_finished_is_dated CHECK ((state IN ('waiting', 'running')) = (finished_at IS NULL)),
  CONSTRAINT import_files_completed_has_result CHECK ((state = 'completed') = (result IS NOT NULL)),
  CONSTRAINT import_files_sizes_in_bounds CHECK (bytes >= 0 AND total_bytes >= 0 AND held_micro >= 0)
);
CREATE INDEX import_files_unfinished ON import_files (user_id, due_at) WHERE finished_at IS NULL;`;

const down = 'DROP TABLE import_files, imports;';

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
