'use strict';

/** Width in pixels of the largest circle that fits into the hole of a mask picture; NULL where it was not measured. */
const up = `ALTER TABLE media ADD COLUMN hole_circle DOUBLE PRECISION;`;

const down = `ALTER TABLE media DROP COLUMN hole_circle;`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(down, { transaction }),
    ),
};
