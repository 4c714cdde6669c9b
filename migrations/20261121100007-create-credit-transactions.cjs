'use strict';

/**
 * The ledger: append-only by trigger, one row per job and kind, chained by balances before and after.
 * `seq` follows the order of the balance's row lock, so it is the order of the account even when two
 * processes' clocks disagree.
 */
const up = `
CREATE TABLE credit_transactions (
  id                   UUID PRIMARY KEY,
  seq                  BIGINT GENERATED ALWAYS AS IDENTITY,
  user_id              UUID NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
  job_id               UUID REFERENCES inference_jobs (id) ON DELETE RESTRICT,
  kind                 VARCHAR(10) NOT NULL,
  amount_micro         BIGINT NOT NULL,
  delta_micro          BIGINT NOT NULL,
  balance_before_micro BIGINT NOT NULL,
  balance_after_micro  BIGINT NOT NULL,
  description          TEXT NOT NULL,
  created_at           TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT credit_transactions_kind_known
    CHECK (kind IN ('grant', 'recharge', 'upload', 'hold', 'capture', 'release', 'refund')),
  CONSTRAINT credit_transactions_amount_not_negative CHECK (amount_micro >= 0),
  CONSTRAINT credit_transactions_adds_up CHECK (balance_before_micro + delta_micro = balance_after_micro),
  CONSTRAINT credit_transactions_balance_not_negative CHECK (balance_after_micro >= 0)
);

CREATE UNIQUE INDEX credit_transactions_job_kind_key ON credit_transactions (job_id, kind) WHERE job_id IS NOT NULL;
CREATE INDEX credit_transactions_by_user ON credit_transactions (user_id, seq DESC);

CREATE FUNCTION credit_transactions_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

CREATE TRIGGER credit_transactions_append_only BEFORE UPDATE OR DELETE ON credit_transactions
  FOR EACH ROW EXECUTE FUNCTION credit_transactions_append_only();
CREATE TRIGGER credit_transactions_no_truncate BEFORE TRUNCATE ON credit_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION credit_transactions_append_only();`;

const down = `
DROP TABLE credit_transactions;
DROP FUNCTION credit_transactions_append_only();`;

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
