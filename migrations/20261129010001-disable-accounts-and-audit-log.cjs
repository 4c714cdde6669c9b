'use strict';

/** Accounts that an admin has disabled, and what admins looked at or did. */
const up = `
ALTER TABLE users ADD COLUMN disabled_at TIMESTAMPTZ(3);

CREATE TABLE audit_log (
  id         UUID PRIMARY KEY,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  actor_id   UUID,
  actor      TEXT NOT NULL,
  action     VARCHAR(80) NOT NULL,
  subject    JSON NOT NULL,
  request_id VARCHAR(200)
);
CREATE INDEX audit_log_by_time ON audit_log (created_at DESC);

CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
  FOR EACH ROW EXECUTE FUNCTION audit_log_append_only();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only();`;

const down = `
DROP TABLE audit_log;
DROP FUNCTION audit_log_append_only();
ALTER TABLE users DROP COLUMN disabled_at;`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(down, { transaction }),
    ),
};
