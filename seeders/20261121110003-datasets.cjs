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
         (:deleted, :owner, 'Old recordings', ARRAY['machine-learning', 'deep-learning'], now())`,
      { live, deleted, owner: owner.id },
    );
  },

  async down(query) {
    await query('DELETE FROM datasets WHERE id IN (:ids)', { ids: [live, deleted] });
  },
});
