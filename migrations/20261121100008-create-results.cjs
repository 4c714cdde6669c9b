'use strict';

/**
 * Results. The ZIP lies in rows of at most 1 MiB, because one large value would be read as one string.
 * The chunks come first while the ZIP is streamed in, so their reference is checked at commit. A ZIP does
 * not compress again, so its rows are stored as they are.
 */
const up = `
CREATE TABLE results (
  job_id     UUID PRIMARY KEY REFERENCES inference_jobs (id) ON DELETE CASCADE,
  json       JSON NOT NULL,
  zip_bytes  BIGINT NOT NULL,
  zip_sha256 CHAR(64) NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT results_zip_bytes_not_negative CHECK (zip_bytes >= 0)
);

CREATE TABLE result_chunks (
  job_id UUID NOT NULL REFERENCES results (job_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  n      INTEGER NOT NULL,
  bytes  BYTEA NOT NULL,
  sha256 CHAR(64) NOT NULL,
  PRIMARY KEY (job_id, n),
  CONSTRAINT result_chunks_size CHECK (octet_length(bytes) BETWEEN 1 AND 1048576),
  CONSTRAINT result_chunks_n_not_negative CHECK (n >= 0)
);
ALTER TABLE result_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query('DROP TABLE result_chunks; DROP TABLE results;', { transaction }),
    ),
};
