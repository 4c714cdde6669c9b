'use strict';

/**
 * Sessions of people, from sign-in to sign-out, each with the digest of its current refresh token; and one-time links to
 * set a password. Sessions of an earlier token version have ended.
 */
const up = `
CREATE TABLE user_sessions (
  id             UUID PRIMARY KEY,
  user_id        UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_version  INTEGER NOT NULL,
  refresh_sha256 BYTEA NOT NULL,
  address        VARCHAR(64) NOT NULL,
  user_agent     VARCHAR(200),
  created_at     TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  last_used_at   TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  expires_at     TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT user_sessions_digest CHECK (octet_length(refresh_sha256) = 32)
);
CREATE INDEX user_sessions_by_user ON user_sessions (user_id, last_used_at DESC, id DESC);
CREATE TRIGGER user_sessions_announce AFTER DELETE ON user_sessions
  FOR EACH ROW EXECUTE FUNCTION announce_credentials_of_key();

CREATE TABLE password_resets (
  id         UUID PRIMARY KEY,
  user_id    UUID NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
  sha256     BYTEA NOT NULL,
  expires_at TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT password_resets_digest CHECK (octet_length(sha256) = 32)
);`;

const down = `
DROP TABLE password_resets;
DROP TABLE user_sessions;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
