'use strict';

/** Networks that only admins and the listed users may use. */
const up = `
CREATE TABLE restricted_networks (
  network_id VARCHAR(64) PRIMARY KEY,
  updated_at TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

CREATE TABLE network_users (
  network_id VARCHAR(64) NOT NULL REFERENCES restricted_networks (network_id) ON DELETE CASCADE,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (network_id, user_id)
);
CREATE INDEX network_users_by_user ON network_users (user_id);`;

const down = `
DROP TABLE network_users;
DROP TABLE restricted_networks;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
