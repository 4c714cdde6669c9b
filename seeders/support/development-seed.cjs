'use strict';

/**
 * Creates a seeder whose `up` and `down` each run in one transaction. The seeded accounts have a publicly known
 * password, so a production database is refused.
 */
function developmentSeed({ up, down }) {
  const guarded = (direction) => (queryInterface) => {
    if (process.env.NODE_ENV === 'production') {
      throw new Error('Seed data is only for development and is refused while NODE_ENV is production.');
    }
    return queryInterface.sequelize.transaction((transaction) =>
      direction((sql, replacements) => queryInterface.sequelize.query(sql, { replacements, transaction })),
    );
  };
  return { up: guarded(up), down: guarded(down) };
}

module.exports = { developmentSeed };
