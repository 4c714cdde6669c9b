'use strict';

/** Requests that were made with an Idempotency-Key; without a status the first of them is still in flight. */
const up = `
CREATE TABLE idempotency_keys (
  user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  key          VARCHAR(255) NOT NULL,
  request_hash VARCHAR(128) NOT NULL,
  status       INTEGER,
  body         JSON,
  created_at   TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('idempotency_keys'),
};
