'use strict';

/** When a version of a price preset takes effect, and who set it. Versions of migrations have no row and always apply. */
const up = `
CREATE TABLE price_versions (
  preset         VARCHAR(30) NOT NULL,
  version        INTEGER NOT NULL,
  effective_from TIMESTAMPTZ(3) NOT NULL,
  created_at     TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  created_by     VARCHAR(254) NOT NULL,
  note           VARCHAR(200) NOT NULL DEFAULT '',
  PRIMARY KEY (preset, version)
);`;

/** Versions that jobs were quoted with stay in the table of prices. */
const down = 'DROP TABLE price_versions;';

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
