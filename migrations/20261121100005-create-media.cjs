'use strict';

/** Stored files (bytes lie in the blob store) and the items that group a source with its mask. */
const up = `
CREATE TABLE media (
  id               UUID PRIMARY KEY,
  user_id          UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  dataset_id       UUID NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  kind             VARCHAR(10) NOT NULL,
  role             VARCHAR(10) NOT NULL,
  name             VARCHAR(255) NOT NULL,
  container        VARCHAR(30) NOT NULL,
  sha256           CHAR(64) NOT NULL,
  bytes            BIGINT NOT NULL,
  width            INTEGER NOT NULL,
  height           INTEGER NOT NULL,
  frame_count      INTEGER NOT NULL,
  fps_num          INTEGER,
  fps_den          INTEGER,
  duration_seconds DOUBLE PRECISION,
  storage_key      TEXT NOT NULL,
  created_at       TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT media_kind_known CHECK (kind IN ('image', 'video')),
  CONSTRAINT media_role_known CHECK (role IN ('source', 'mask')),
  CONSTRAINT media_sizes_positive CHECK (bytes >= 0 AND width > 0 AND height > 0 AND frame_count > 0),
  CONSTRAINT media_fps_whole CHECK ((fps_num IS NULL) = (fps_den IS NULL) AND (fps_den IS NULL OR fps_den > 0))
);
CREATE INDEX media_by_dataset ON media (dataset_id);

CREATE TABLE dataset_items (
  id              UUID PRIMARY KEY,
  dataset_id      UUID NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  position        INTEGER NOT NULL,
  source_media_id UUID NOT NULL REFERENCES media (id) ON DELETE CASCADE,
  mask_media_id   UUID REFERENCES media (id) ON DELETE CASCADE,
  created_at      TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT dataset_items_position_key UNIQUE (dataset_id, position),
  CONSTRAINT dataset_items_position_not_negative CHECK (position >= 0)
);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query('DROP TABLE dataset_items; DROP TABLE media;', { transaction }),
    ),
};
