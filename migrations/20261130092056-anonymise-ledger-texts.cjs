'use strict';

/**
 * Rows of the ledger of a deleted user keep everything but the names of files in their descriptions. Only the removal of
 * such users may change a description, which it says by `infernode.retention` within its transaction; all other changes
 * stay refused.
 */
const up = `
CREATE OR REPLACE FUNCTION credit_transactions_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('infernode.retention', true) = 'credit_transactions' THEN
    IF to_jsonb(NEW) - 'description' = to_jsonb(OLD) - 'description' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;`;

const down = `
CREATE OR REPLACE FUNCTION credit_transactions_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END
$body$;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
