'use strict';

/**
 * How a video's frames were found: 'packets' (decoded to the end, every packet gives one picture), 'decoder' (decoded to
 * the end, pictures and packets differ), NULL (not decoded to the end; jobs decode such a video first).
 */
const up = `
ALTER TABLE media
  ADD COLUMN frame_source VARCHAR(10),
  ADD CONSTRAINT media_frame_source_known CHECK (frame_source IN ('packets', 'decoder'));`;

const down = `ALTER TABLE media DROP COLUMN frame_source;`;

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
