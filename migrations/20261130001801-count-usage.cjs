'use strict';

/**
 * What users have used of their quotas. `storage_bytes` is the sum over the media of datasets that are not deleted, kept
 * by triggers, so that no path of the program can change one without the other. `upload_reservations` are uploads that
 * are being received; one whose process was lost ends with its expiry. A check locks the user's row first, so that
 * concurrent uploads are checked one after the other.
 */
const up = `
CREATE TABLE user_usage (
  user_id        UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  storage_bytes  BIGINT NOT NULL DEFAULT 0,
  upload_day     DATE,
  uploaded_bytes BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT user_usage_in_bounds CHECK (storage_bytes >= 0 AND uploaded_bytes >= 0)
) WITH (fillfactor = 70);

CREATE TABLE upload_reservations (
  id         UUID PRIMARY KEY,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  bytes      BIGINT NOT NULL CHECK (bytes >= 0),
  expires_at TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX upload_reservations_by_user ON upload_reservations (user_id);

INSERT INTO user_usage (user_id, storage_bytes)
  SELECT media.user_id, sum(media.bytes) FROM media
    JOIN datasets ON datasets.id = media.dataset_id AND datasets.deleted_at IS NULL
   GROUP BY media.user_id;

CREATE FUNCTION user_usage_add_media() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  INSERT INTO user_usage AS usage (user_id, storage_bytes)
    SELECT added.user_id, sum(added.bytes) FROM added
      JOIN datasets ON datasets.id = added.dataset_id AND datasets.deleted_at IS NULL
     GROUP BY added.user_id
  ON CONFLICT (user_id) DO UPDATE SET storage_bytes = usage.storage_bytes + EXCLUDED.storage_bytes;
  RETURN NULL;
END
$body$;

CREATE TRIGGER user_usage_add_media AFTER INSERT ON media
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION user_usage_add_media();

CREATE FUNCTION user_usage_remove_media() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE user_usage SET storage_bytes = storage_bytes - freed.bytes
    FROM (SELECT removed.user_id, sum(removed.bytes) AS bytes FROM removed
            JOIN datasets ON datasets.id = removed.dataset_id AND datasets.deleted_at IS NULL
           GROUP BY removed.user_id) AS freed
   WHERE user_usage.user_id = freed.user_id;
  RETURN NULL;
END
$body$;

CREATE TRIGGER user_usage_remove_media AFTER DELETE ON media
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION user_usage_remove_media();

CREATE FUNCTION user_usage_follow_dataset() RETURNS trigger LANGUAGE plpgsql AS $body$
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

CREATE TRIGGER user_usage_follow_deletion AFTER UPDATE OF deleted_at ON datasets
  FOR EACH ROW WHEN ((OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))
  EXECUTE FUNCTION user_usage_follow_dataset();
CREATE TRIGGER user_usage_follow_removal BEFORE DELETE ON datasets
  FOR EACH ROW WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION user_usage_follow_dataset();`;

const down = `
DROP TRIGGER user_usage_follow_removal ON datasets;
DROP TRIGGER user_usage_follow_deletion ON datasets;
DROP TRIGGER user_usage_remove_media ON media;
DROP TRIGGER user_usage_add_media ON media;
DROP FUNCTION user_usage_follow_dataset();
DROP FUNCTION user_usage_remove_media();
DROP FUNCTION user_usage_add_media();
DROP TABLE upload_reservations;
DROP TABLE user_usage;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
