'use strict';

/** How a stored file was read: what its owner should know, and how it was told what in a mask is paint. */
const up = `
ALTER TABLE media
  ADD COLUMN warnings TEXT[] NOT NULL DEFAULT '{}',
  ADD COLUMN mask_reading VARCHAR(20),
  ADD CONSTRAINT media_mask_reading_known
    CHECK (mask_reading IN ('white', 'colour', 'transparency', 'difference'));
UPDATE media SET mask_reading = 'white' WHERE hole_share IS NOT NULL;`;

const down = 'ALTER TABLE media DROP COLUMN warnings, DROP COLUMN mask_reading;';

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
