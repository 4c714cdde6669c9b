'use strict';

/** Which pixels of a mask video are paint, decided once at its upload; NULL for pictures and for videos stored before. */
const up = `ALTER TABLE media ADD COLUMN mask_paint JSONB;`;

const down = `ALTER TABLE media DROP COLUMN mask_paint;`;

module.exports = {
  up: (queryInterface) => queryInterface.sequelize.query(up),
  down: (queryInterface) => queryInterface.sequelize.query(down),
};
