'use strict';

/** Datasets. A name is unique per owner among live rows only, so a deleted name can be used again. */
const up = `
CREATE TABLE datasets (
  id         UUID PRIMARY KEY,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name       VARCHAR(255) NOT NULL,
  tags       TEXT[] NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  deleted_at TIMESTAMPTZ(3)
);

CREATE UNIQUE INDEX datasets_live_name_key ON datasets (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX datasets_by_user ON datasets (user_id, created_at DESC, id DESC);
CREATE INDEX datasets_by_tag ON datasets USING GIN (tags);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('datasets'),
};
