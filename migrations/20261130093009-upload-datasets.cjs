'use strict';

/** Uploads in several requests may also be archives of datasets. */
const up = `
ALTER TABLE uploads DROP CONSTRAINT uploads_kind_known;
ALTER TABLE uploads ADD CONSTRAINT uploads_kind_known CHECK (kind IN ('videos', 'images', 'pairs', 'dataset'));`;

const down = `
DELETE FROM uploads WHERE kind = 'dataset';
ALTER TABLE uploads DROP CONSTRAINT uploads_kind_known;
ALTER TABLE uploads ADD CONSTRAINT uploads_kind_known CHECK (kind IN ('videos', 'images', 'pairs'));`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
