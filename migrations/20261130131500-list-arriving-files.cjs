'use strict';

/**
 * `arriving_files` lists files that are about to be stored and that no row names yet. The transaction that writes the rows
 * removes their entries; a day after a process was killed in between, a worker removes the files. Only files that were
 * announced here are removed this way, never one that is merely unknown to this database.
 */
const up = `
CREATE TABLE arriving_files (
  storage_key  TEXT PRIMARY KEY,
  announced_at TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE INDEX arriving_files_by_age ON arriving_files (announced_at);`;

const down = 'DROP TABLE arriving_files;';

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
