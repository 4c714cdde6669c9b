'use strict';

/** Hints for a queue outside this database: written in the caller's transaction, moved on by a dispatcher. */
const up = `
CREATE TABLE outbox (
  id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       VARCHAR(60) NOT NULL,
  payload    JSON NOT NULL,
  dedupe_id  VARCHAR(200) NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT outbox_dedupe_id_key UNIQUE (dedupe_id)
);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('outbox'),
};
