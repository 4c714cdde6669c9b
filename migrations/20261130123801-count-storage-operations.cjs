'use strict';

/**
 * Counts of all processes since the installation exists, for `GET /metrics`: processes add what they have counted every few
 * seconds. `labels` is a JSON object with sorted keys.
 */
const up = `
CREATE TABLE metric_counts (
  name    VARCHAR(60) NOT NULL,
  labels  TEXT NOT NULL,
  value   DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (name, labels)
) WITH (fillfactor = 50);`;

const down = 'DROP TABLE metric_counts;';

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
