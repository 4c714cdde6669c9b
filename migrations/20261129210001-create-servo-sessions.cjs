'use strict';

/**
 * Sessions of live servoing. A session lives in one api process, `instance_id`, for as long as its lease is renewed;
 * `frames_answered` is what it is charged for, whoever ends it. The images of goals are kept apart, once for each user
 * and content, for the next session with the same goal. A ledger row belongs to a job, to a session or to neither.
 */
const up = `
CREATE TABLE servo_sessions (
  id               UUID PRIMARY KEY,
  user_id          UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  status           VARCHAR(12) NOT NULL DEFAULT 'active',
  end_reason       VARCHAR(20),
  instance_id      UUID NOT NULL,
  instance_url     TEXT NOT NULL,
  lease_expires_at TIMESTAMPTZ(3),
  setup            JSON NOT NULL,
  goal_source      JSON NOT NULL,
  goal             JSON NOT NULL,
  idle_timeout_ms  INTEGER NOT NULL,
  watchdog_ms      INTEGER NOT NULL,
  max_frames       INTEGER NOT NULL,
  frames_answered  INTEGER NOT NULL DEFAULT 0,
  frames_skipped   BIGINT NOT NULL DEFAULT 0,
  restarts         INTEGER NOT NULL DEFAULT 0,
  price_preset     VARCHAR(30) NOT NULL,
  price_version    INTEGER NOT NULL,
  held_micro       BIGINT NOT NULL,
  captured_micro   BIGINT NOT NULL DEFAULT 0,
  created_at       TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  ended_at         TIMESTAMPTZ(3),
  CONSTRAINT servo_sessions_status_known CHECK (status IN ('active', 'interrupted', 'ended')),
  CONSTRAINT servo_sessions_ended_is_complete
    CHECK ((status = 'ended') = (end_reason IS NOT NULL AND ended_at IS NOT NULL)),
  CONSTRAINT servo_sessions_live_is_leased CHECK ((status = 'ended') = (lease_expires_at IS NULL)),
  CONSTRAINT servo_sessions_frames_in_bounds
    CHECK (frames_answered >= 0 AND frames_answered <= max_frames AND frames_skipped >= 0),
  CONSTRAINT servo_sessions_money_in_bounds
    CHECK (held_micro >= 0 AND captured_micro >= 0 AND captured_micro <= held_micro)
);

CREATE INDEX servo_sessions_by_user ON servo_sessions (user_id, created_at DESC, id DESC);
CREATE INDEX servo_sessions_live ON servo_sessions (user_id) WHERE status <> 'ended';

CREATE FUNCTION servo_sessions_keep_ended() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'session % has ended and stays so', OLD.id USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

CREATE TRIGGER servo_sessions_keep_ended BEFORE UPDATE ON servo_sessions
  FOR EACH ROW WHEN (OLD.status = 'ended') EXECUTE FUNCTION servo_sessions_keep_ended();

CREATE TABLE servo_goals (
  user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  sha256  CHAR(64) NOT NULL,
  image   BYTEA NOT NULL,
  used_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, sha256)
);

ALTER TABLE credit_transactions
  ADD COLUMN session_id UUID REFERENCES servo_sessions (id) ON DELETE RESTRICT,
  ADD CONSTRAINT credit_transactions_one_subject CHECK (job_id IS NULL OR session_id IS NULL);
CREATE UNIQUE INDEX credit_transactions_session_kind_key
  ON credit_transactions (session_id, kind) WHERE session_id IS NOT NULL;`;

const down = `
ALTER TABLE credit_transactions DROP COLUMN session_id;
DROP TABLE servo_goals;
DROP TABLE servo_sessions;
DROP FUNCTION servo_sessions_keep_ended();`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
