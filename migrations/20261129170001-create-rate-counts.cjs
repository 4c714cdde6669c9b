'use strict';

/**
 * Counts of requests and of wrong passwords, shared by all api processes. Not logged: after a crash of the database they
 * start again, and writing them costs little. Room in each page lets a count grow without touching the index.
 */
const up = `
CREATE UNLOGGED TABLE rate_counts (
  key    VARCHAR(255) PRIMARY KEY,
  points INTEGER NOT NULL DEFAULT 0,
  expire BIGINT
) WITH (fillfactor = 70);`;

const down = `DROP TABLE rate_counts;`;

module.exports = {
  up: (queryInterface) => queryInterface.sequelize.query(up),
  down: (queryInterface) => queryInterface.sequelize.query(down),
};
