'use strict';

/**
 * Images and videos inside the ZIPs of results, which have previews like stored files. `zip_offset` is the offset of the
 * first byte in the ZIP. Previews belong to a content, so a content is in use while a media or a result has it.
 */
const functionOf = (inUse) => `
CREATE OR REPLACE FUNCTION mark_unused_previews() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE media_previews p SET unused_since = now()
   WHERE p.unused_since IS NULL AND p.sha256 IN (SELECT g.sha256 FROM gone g)
     AND NOT EXISTS (SELECT 1 FROM media m WHERE m.sha256 = p.sha256)${inUse};
  IF FOUND THEN PERFORM pg_notify('media_previews', ''); END IF;
  RETURN NULL;
END $$;`;

const up = `
CREATE TABLE result_media (
  job_id      UUID NOT NULL REFERENCES results (job_id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  name        TEXT NOT NULL,
  kind        VARCHAR(5) NOT NULL,
  type        VARCHAR(40) NOT NULL,
  bytes       BIGINT NOT NULL,
  zip_offset  BIGINT NOT NULL,
  sha256      CHAR(64) NOT NULL,
  created_at  TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (job_id, position),
  CONSTRAINT result_media_kind_known CHECK (kind IN ('image', 'video')),
  CONSTRAINT result_media_numbers_in_bounds CHECK (position >= 0 AND bytes > 0 AND zip_offset >= 0)
);
CREATE INDEX result_media_by_content ON result_media (sha256);
${functionOf('\n     AND NOT EXISTS (SELECT 1 FROM result_media r WHERE r.sha256 = p.sha256)')}
CREATE TRIGGER result_media_unused_previews AFTER DELETE ON result_media
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION mark_unused_previews();`;

const down = `
DROP TABLE result_media;
${functionOf('')}`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
