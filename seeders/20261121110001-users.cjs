'use strict';

const bcrypt = require('bcrypt');
const { developmentSeed } = require('./support/development-seed.cjs');
const { seedUsers } = require('./support/seed-users.cjs');

const BCRYPT_COST = 10;

module.exports = developmentSeed({
  async up(query) {
    for (const { id, grantId, email, role, micro } of seedUsers) {
      const passwordHash = await bcrypt.hash('password', BCRYPT_COST);
      await query(
        `INSERT INTO users (id, email, password_hash, role, balance_micro)
         VALUES (:id, :email, :passwordHash, :role, :micro)`,
        { id, email, passwordHash, role, micro },
      );
      // The balance must equal the sum of the account's ledger rows.
      await query(
        `INSERT INTO credit_transactions
           (id, user_id, kind, amount_micro, delta_micro, balance_before_micro, balance_after_micro, description)
         VALUES (:grantId, :id, 'grant', :micro, :micro, 0, :micro, 'Seed data')`,
        { grantId, id, micro },
      );
    }
  },

  async down(query) {
    const ids = seedUsers.map(({ id }) => id);
    // Ledger rows are append-only; only this seeder may delete them, together with their accounts.
    await query('ALTER TABLE credit_transactions DISABLE TRIGGER credit_transactions_append_only');
    await query('DELETE FROM credit_transactions WHERE user_id IN (:ids)', { ids });
    await query('ALTER TABLE credit_transactions ENABLE TRIGGER credit_transactions_append_only');
    await query('DELETE FROM users WHERE id IN (:ids)', { ids });
  },
});
