'use strict';

/** Accounts. The balance is kept beside the ledger so that one guarded UPDATE can refuse an overdraft. */
const up = `
CREATE TABLE users (
  id            UUID PRIMARY KEY,
  email         VARCHAR(254) NOT NULL,
  password_hash TEXT NOT NULL,
  name          VARCHAR(100),
  surname       VARCHAR(100),
  role          VARCHAR(10) NOT NULL DEFAULT 'user',
  token_version INTEGER NOT NULL DEFAULT 0,
  balance_micro BIGINT NOT NULL DEFAULT 0,
  created_at    TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  updated_at    TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_email_format CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$'),
  CONSTRAINT users_email_lower_case CHECK (email = lower(email)),
  CONSTRAINT users_role_known CHECK (role IN ('user', 'admin')),
  CONSTRAINT users_balance_not_negative CHECK (balance_micro >= 0)
);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('users'),
};
