'use strict';

/**
 * Accounts of an OpenID provider that belong to users, and one-time codes: the page of a finished sign-in exchanges its
 * code for tokens, or links an existing account with it after its password was checked.
 */
const up = `
CREATE TABLE user_identities (
  issuer       VARCHAR(512) NOT NULL,
  subject      VARCHAR(255) NOT NULL,
  user_id      UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at   TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX user_identities_by_user ON user_identities (user_id);

CREATE TABLE sign_in_codes (
  id         UUID PRIMARY KEY,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sha256     BYTEA NOT NULL,
  identity   JSONB,
  expires_at TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT sign_in_codes_digest CHECK (octet_length(sha256) = 32)
);
CREATE INDEX sign_in_codes_by_expiry ON sign_in_codes (expires_at);`;

const down = `
DROP TABLE sign_in_codes;
DROP TABLE user_identities;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
