'use strict';

const { developmentSeed } = require('./support/development-seed.cjs');
const { seedUsers } = require('./support/seed-users.cjs');

const [, owner] = seedUsers;
const live = '019a0000-0000-7000-8000-000000000031';
const deleted = '019a0000-0000-7000-8000-000000000032';

module.exports = developmentSeed({
  async up(query) {
    await query(
      `INSERT INTO datasets (id, user_id, name, tags, deleted_at) VALUES
         (:live, :owner, 'Servoing runs', ARRAY['computer-vision', 'ai'], NULL),
         (:deleted, :owner, 'Old recordings', ARRAY['machine-learning', 'deep-learning'], now())
       ON CONFLICT (id) DO UPDATE SET deleted_at = EXCLUDED.deleted_at`,
      { live, deleted, owner: owner.id },
    );
  },

  async down(query) {
    const ids = [live, deleted];
    // Ledger rows reference the jobs of a dataset until the account is deleted, which is the last step; datasets with
    // jobs are therefore only marked as deleted.
    await query('UPDATE datasets SET deleted_at = COALESCE(deleted_at, now()) WHERE id IN (:ids)', { ids });
    await query(
      `DELETE FROM datasets d WHERE id IN (:ids)
          AND NOT EXISTS (SELECT 1 FROM inference_jobs j WHERE j.dataset_id = d.id)`,
      { ids },
    );
  },
});
