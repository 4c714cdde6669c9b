'use strict';

/** The part that all refresh tokens of a session share; a token without it was never one of the session. */
const up = `
ALTER TABLE user_sessions ADD COLUMN family_sha256 BYTEA,
  ADD CONSTRAINT user_sessions_family_digest CHECK (octet_length(family_sha256) = 32) NOT VALID;`;

const down = 'ALTER TABLE user_sessions DROP COLUMN family_sha256;';

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
