'use strict';

/**
 * A seeder whose two directions each run in one transaction. Seeded accounts have a password that everybody
 * knows, so nothing of it may ever reach a production database.
 */
function developmentSeed({ up, down }) {
  const guarded = (direction) => (queryInterface) => {
    if (process.env.NODE_ENV === 'production') {
      throw new Error('Seed data is for development: it is refused while NODE_ENV is production.');
    }
    return queryInterface.sequelize.transaction((transaction) =>
      direction((sql, replacements) => queryInterface.sequelize.query(sql, { replacements, transaction })),
    );
  };
  return { up: guarded(up), down: guarded(down) };
}

module.exports = { developmentSeed };
