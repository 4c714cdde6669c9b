'use strict';

/** Browser sessions of admins that were signed out before they expired, by the id in their token. */
const up = `
CREATE TABLE revoked_sessions (
  id         UUID PRIMARY KEY,
  expires_at TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX revoked_sessions_by_end ON revoked_sessions (expires_at);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('revoked_sessions'),
};
