'use strict';

/**
 * The trash, what is removed for good, and for how long results are kept. A row with `deleted_at` is in the trash until
 * the time of the trash has passed, or until `purge_at`; a purged job or dataset stays as an empty row, because ledger and
 * jobs refer to it. `removed_files` lists the files of media rows that do not exist any more, whatever removed them; a
 * worker removes the files. `storage_bytes` of `user_usage` counts no media in the trash.
 */
const up = `
ALTER TABLE media ADD COLUMN deleted_at TIMESTAMPTZ(3), ADD COLUMN purge_at TIMESTAMPTZ(3);
ALTER TABLE datasets ADD COLUMN purge_at TIMESTAMPTZ(3), ADD COLUMN purged_at TIMESTAMPTZ(3);
ALTER TABLE results ADD COLUMN deleted_at TIMESTAMPTZ(3), ADD COLUMN purge_at TIMESTAMPTZ(3);
ALTER TABLE users ADD COLUMN purged_at TIMESTAMPTZ(3);
ALTER TABLE inference_jobs
  ADD COLUMN deleted_at TIMESTAMPTZ(3),
  ADD COLUMN purge_at TIMESTAMPTZ(3),
  ADD COLUMN purged_at TIMESTAMPTZ(3),
  ADD COLUMN result_ttl_seconds INTEGER CHECK (result_ttl_seconds > 0),
  ADD COLUMN result_gone_at TIMESTAMPTZ(3),
  ADD COLUMN events_removed_at TIMESTAMPTZ(3),
  ADD COLUMN inputs JSON;

CREATE INDEX media_in_trash ON media (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX media_by_storage_key ON media (storage_key);
CREATE INDEX datasets_in_trash ON datasets (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX inference_jobs_in_trash ON inference_jobs (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX inference_jobs_with_events ON inference_jobs (finished_at) WHERE events_removed_at IS NULL;
CREATE INDEX results_in_trash ON results (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX results_by_end ON results (purge_at) WHERE purge_at IS NOT NULL;
CREATE INDEX results_by_age ON results (created_at);
CREATE INDEX users_to_purge ON users (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

CREATE TABLE removed_files (
  storage_key TEXT PRIMARY KEY,
  removed_at  TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

CREATE FUNCTION media_list_removed() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO removed_files (storage_key) SELECT DISTINCT storage_key FROM removed ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$body$;
CREATE TRIGGER media_list_removed AFTER DELETE ON media
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION media_list_removed();

CREATE FUNCTION results_expire() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.purge_at := now() + make_interval(secs =>
    (SELECT result_ttl_seconds FROM inference_jobs WHERE id = NEW.job_id));
  RETURN NEW;
END
$body$;
CREATE TRIGGER results_expire BEFORE INSERT ON results FOR EACH ROW EXECUTE FUNCTION results_expire();

CREATE FUNCTION user_usage_follow_media() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE user_usage
     SET storage_bytes = storage_bytes + CASE WHEN NEW.deleted_at IS NULL THEN NEW.bytes ELSE -NEW.bytes END
   WHERE user_id = NEW.user_id
     AND EXISTS (SELECT 1 FROM datasets WHERE id = NEW.dataset_id AND deleted_at IS NULL);
  RETURN NULL;
END
$body$;
CREATE TRIGGER user_usage_follow_media AFTER UPDATE OF deleted_at ON media
  FOR EACH ROW WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))
  EXECUTE FUNCTION user_usage_follow_media();

CREATE OR REPLACE FUNCTION user_usage_remove_media() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE user_usage SET storage_bytes = storage_bytes - freed.bytes
    FROM (SELECT removed.user_id, sum(removed.bytes) AS bytes FROM removed
            JOIN datasets ON datasets.id = removed.dataset_id AND datasets.deleted_at IS NULL
           WHERE removed.deleted_at IS NULL
           GROUP BY removed.user_id) AS freed
   WHERE user_usage.user_id = freed.user_id;
  RETURN NULL;
END
$body$;

CREATE OR REPLACE FUNCTION user_usage_follow_dataset() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  bytes_of_dataset BIGINT :=
    COALESCE((SELECT sum(bytes) FROM media WHERE dataset_id = OLD.id AND deleted_at IS NULL), 0);
  is_restored BOOLEAN := TG_OP = 'UPDATE' AND OLD.deleted_at IS NOT NULL;
BEGIN
  UPDATE user_usage
     SET storage_bytes = storage_bytes + CASE WHEN is_restored THEN bytes_of_dataset ELSE -bytes_of_dataset END
   WHERE user_id = OLD.user_id AND bytes_of_dataset > 0;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$body$;

CREATE OR REPLACE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('infernode.retention', true) = 'audit_log' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;`;

const down = `
CREATE OR REPLACE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

-- What was in the trash is in use again.
UPDATE media SET deleted_at = NULL WHERE deleted_at IS NOT NULL;

CREATE OR REPLACE FUNCTION user_usage_follow_dataset() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  bytes_of_dataset BIGINT := COALESCE((SELECT sum(bytes) FROM media WHERE dataset_id = OLD.id), 0);
  is_restored BOOLEAN := TG_OP = 'UPDATE' AND OLD.deleted_at IS NOT NULL;
BEGIN
  UPDATE user_usage
     SET storage_bytes = storage_bytes + CASE WHEN is_restored THEN bytes_of_dataset ELSE -bytes_of_dataset END
   WHERE user_id = OLD.user_id AND bytes_of_dataset > 0;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$body$;

CREATE OR REPLACE FUNCTION user_usage_remove_media() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE user_usage SET storage_bytes = storage_bytes - freed.bytes
    FROM (SELECT removed.user_id, sum(removed.bytes) AS bytes FROM removed
            JOIN datasets ON datasets.id = removed.dataset_id AND datasets.deleted_at IS NULL
           GROUP BY removed.user_id) AS freed
   WHERE user_usage.user_id = freed.user_id;
  RETURN NULL;
END
$body$;

DROP TRIGGER user_usage_follow_media ON media;
DROP FUNCTION user_usage_follow_media();
DROP TRIGGER results_expire ON results;
DROP FUNCTION results_expire();
DROP TRIGGER media_list_removed ON media;
DROP FUNCTION media_list_removed();
DROP TABLE removed_files;
DROP INDEX media_by_storage_key;
ALTER TABLE inference_jobs
  DROP COLUMN inputs, DROP COLUMN events_removed_at, DROP COLUMN result_gone_at, DROP COLUMN result_ttl_seconds,
  DROP COLUMN purged_at, DROP COLUMN purge_at, DROP COLUMN deleted_at;
ALTER TABLE users DROP COLUMN purged_at;
DROP INDEX results_by_age;
ALTER TABLE results DROP COLUMN purge_at, DROP COLUMN deleted_at;
DROP INDEX datasets_in_trash;
ALTER TABLE datasets DROP COLUMN purged_at, DROP COLUMN purge_at;
ALTER TABLE media DROP COLUMN purge_at, DROP COLUMN deleted_at;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
