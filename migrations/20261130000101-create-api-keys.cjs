'use strict';

/**
 * API keys of users. Only digests are stored. Changes that end or narrow a credential are announced, so that every api
 * process checks its open connections of the user again.
 */
const up = `
CREATE TABLE api_keys (
  id                    UUID PRIMARY KEY,
  user_id               UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name                  VARCHAR(100) NOT NULL,
  scopes                TEXT[] NOT NULL,
  sha256                BYTEA NOT NULL,
  previous_sha256       BYTEA,
  previous_expires_at   TIMESTAMPTZ(3),
  expires_at            TIMESTAMPTZ(3),
  ip_ranges             TEXT[] NOT NULL DEFAULT '{}',
  rate_limit_per_minute INTEGER,
  last_used_at          TIMESTAMPTZ(3),
  created_at            TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT api_keys_have_scopes CHECK (cardinality(scopes) > 0),
  CONSTRAINT api_keys_digests CHECK (octet_length(sha256) = 32 AND octet_length(previous_sha256) = 32),
  CONSTRAINT api_keys_previous_ends CHECK ((previous_sha256 IS NULL) = (previous_expires_at IS NULL)),
  CONSTRAINT api_keys_rate_positive CHECK (rate_limit_per_minute > 0)
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at, id);

CREATE FUNCTION announce_credentials_of_key() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM pg_notify('credential_changes', OLD.user_id::text);
  RETURN NULL;
END
$body$;
CREATE TRIGGER api_keys_announce
  AFTER DELETE OR UPDATE OF scopes, sha256, previous_sha256, previous_expires_at, expires_at, ip_ranges ON api_keys
  FOR EACH ROW EXECUTE FUNCTION announce_credentials_of_key();

CREATE FUNCTION announce_credentials_of_user() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  PERFORM pg_notify('credential_changes', OLD.id::text);
  RETURN NULL;
END
$body$;
CREATE TRIGGER users_announce AFTER UPDATE OF token_version ON users
  FOR EACH ROW WHEN (OLD.token_version IS DISTINCT FROM NEW.token_version)
  EXECUTE FUNCTION announce_credentials_of_user();`;

const down = `
DROP TRIGGER users_announce ON users;
DROP FUNCTION announce_credentials_of_user();
DROP TABLE api_keys;
DROP FUNCTION announce_credentials_of_key();`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
