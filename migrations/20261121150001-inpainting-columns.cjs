'use strict';

/**
 * What inpainting adds: the number of each upload, how a video is sampled, what a mask covers, and users
 * who are gone. A deleted user's row stays, because the ledger names it; nothing personal stays in it.
 */
const up = `
ALTER TABLE users ADD COLUMN deleted_at TIMESTAMPTZ(3);

ALTER TABLE datasets
  ADD COLUMN next_upload_index INTEGER NOT NULL DEFAULT 1,
  ADD CONSTRAINT datasets_next_upload_index_positive CHECK (next_upload_index > 0);

ALTER TABLE dataset_items
  ADD COLUMN upload_index INTEGER NOT NULL DEFAULT 1,
  ADD COLUMN sample_fps DOUBLE PRECISION NOT NULL DEFAULT 1,
  ADD COLUMN sampled_frames INTEGER NOT NULL DEFAULT 1,
  ADD CONSTRAINT dataset_items_upload_index_positive CHECK (upload_index > 0),
  ADD CONSTRAINT dataset_items_sampling_positive CHECK (sample_fps > 0 AND sampled_frames > 0);

UPDATE dataset_items SET sampled_frames = GREATEST(1, CEIL(media.duration_seconds))
  FROM media WHERE media.id = source_media_id AND media.duration_seconds IS NOT NULL;

ALTER TABLE media
  ADD COLUMN hole_share DOUBLE PRECISION,
  ADD COLUMN non_binary_share DOUBLE PRECISION,
  ADD CONSTRAINT media_shares_in_bounds CHECK (hole_share BETWEEN 0 AND 1 AND non_binary_share BETWEEN 0 AND 1),
  ADD CONSTRAINT media_shares_together CHECK ((hole_share IS NULL) = (non_binary_share IS NULL));

CREATE INDEX credit_transactions_by_age ON credit_transactions (created_at DESC, seq DESC);`;

const down = `
DROP INDEX credit_transactions_by_age;
ALTER TABLE media DROP COLUMN hole_share, DROP COLUMN non_binary_share;
ALTER TABLE dataset_items DROP COLUMN upload_index, DROP COLUMN sample_fps, DROP COLUMN sampled_frames;
ALTER TABLE datasets DROP COLUMN next_upload_index;
ALTER TABLE users DROP COLUMN deleted_at;`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(down, { transaction }),
    ),
};
