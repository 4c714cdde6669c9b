'use strict';

/** Predefined tags that clients may offer; datasets carry their own tags in an array column. */
const up = `
CREATE TABLE tags (
  id         UUID PRIMARY KEY,
  name       VARCHAR(50) NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  updated_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT tags_name_key UNIQUE (name)
);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('tags'),
};
