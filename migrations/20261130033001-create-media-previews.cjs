'use strict';

/**
 * Previews of stored files: thumbnails, posters, filmstrips, playable copies and MD5 sums, one row per content and kind, so
 * that media with equal content share them; `media_preview_files` names their files in the blob store. Rows whose content no
 * media has any more are marked when the last one is deleted, and a worker removes them with their files.
 * `media_process_runs` has one row per reprocessing that an admin asked for.
 */
const up = `
CREATE TABLE media_process_runs (
  id          UUID PRIMARY KEY,
  user_id     UUID,
  from_day    DATE NOT NULL,
  to_day      DATE NOT NULL,
  steps       TEXT[] NOT NULL,
  dataset_id  UUID,
  remake      BOOLEAN NOT NULL DEFAULT FALSE,
  planned_to  UUID,
  planned_at  TIMESTAMPTZ(3),
  media       INTEGER NOT NULL DEFAULT 0,
  queued      INTEGER NOT NULL DEFAULT 0,
  ready       INTEGER NOT NULL DEFAULT 0,
  waiting     INTEGER NOT NULL DEFAULT 0,
  created_at  TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT media_process_runs_days_ordered CHECK (from_day <= to_day),
  CONSTRAINT media_process_runs_steps_given CHECK (cardinality(steps) > 0)
);
CREATE INDEX media_process_runs_by_age ON media_process_runs (created_at DESC, id DESC);
CREATE INDEX media_process_runs_unplanned ON media_process_runs (created_at) WHERE planned_at IS NULL;

CREATE TABLE media_previews (
  sha256        CHAR(64) NOT NULL,
  kind          VARCHAR(12) NOT NULL,
  status        VARCHAR(10) NOT NULL DEFAULT 'pending',
  user_id       UUID,
  run_id        UUID REFERENCES media_process_runs (id) ON DELETE SET NULL,
  attempts      INTEGER NOT NULL DEFAULT 0,
  queued_at     TIMESTAMPTZ(3),
  error_code    VARCHAR(60),
  error_message TEXT,
  facts         JSON NOT NULL DEFAULT '{}',
  unused_since  TIMESTAMPTZ(3),
  created_at    TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  updated_at    TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sha256, kind),
  CONSTRAINT media_previews_kind_known CHECK (kind IN ('thumbnail', 'poster', 'filmstrip', 'md5', 'proxy')),
  CONSTRAINT media_previews_status_known CHECK (status IN ('pending', 'ready', 'failed')),
  CONSTRAINT media_previews_error_of_failed CHECK ((status = 'failed') = (error_code IS NOT NULL)),
  CONSTRAINT media_previews_attempts_in_bounds CHECK (attempts >= 0)
);
CREATE INDEX media_previews_pending ON media_previews (created_at) WHERE status = 'pending';
CREATE INDEX media_previews_by_run ON media_previews (run_id, status) WHERE run_id IS NOT NULL;
CREATE INDEX media_previews_unused ON media_previews (unused_since) WHERE unused_since IS NOT NULL;

CREATE TABLE media_preview_files (
  sha256      CHAR(64) NOT NULL,
  kind        VARCHAR(12) NOT NULL,
  variant     VARCHAR(20) NOT NULL,
  type        VARCHAR(40) NOT NULL,
  bytes       BIGINT NOT NULL,
  width       INTEGER NOT NULL,
  height      INTEGER NOT NULL,
  storage_key TEXT NOT NULL,
  created_at  TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (sha256, kind, variant),
  FOREIGN KEY (sha256, kind) REFERENCES media_previews (sha256, kind) ON DELETE CASCADE,
  CONSTRAINT media_preview_files_sizes_positive CHECK (bytes > 0 AND width > 0 AND height > 0)
);
CREATE UNIQUE INDEX media_preview_files_by_key ON media_preview_files (storage_key);

CREATE INDEX media_by_content ON media (sha256);
CREATE INDEX media_by_user ON media (user_id, created_at DESC, id DESC);
CREATE INDEX media_by_age ON media (created_at, id);

CREATE FUNCTION mark_unused_previews() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE media_previews p SET unused_since = now()
   WHERE p.unused_since IS NULL AND p.sha256 IN (SELECT g.sha256 FROM gone g)
     AND NOT EXISTS (SELECT 1 FROM media m WHERE m.sha256 = p.sha256);
  IF FOUND THEN PERFORM pg_notify('media_previews', ''); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER media_unused_previews AFTER DELETE ON media
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION mark_unused_previews();`;

const down = `
DROP TRIGGER media_unused_previews ON media;
DROP FUNCTION mark_unused_previews();
DROP INDEX media_by_age;
DROP INDEX media_by_user;
DROP INDEX media_by_content;
DROP TABLE media_preview_files;
DROP TABLE media_previews;
DROP TABLE media_process_runs;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
