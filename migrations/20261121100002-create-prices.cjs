'use strict';

/** Price presets by version; jobs name the version that they were quoted with, so rows are never changed. */
const up = `
CREATE TABLE prices (
  preset  VARCHAR(30) NOT NULL,
  version INTEGER NOT NULL,
  unit    VARCHAR(40) NOT NULL,
  micro   BIGINT NOT NULL,
  PRIMARY KEY (preset, version, unit),
  CONSTRAINT prices_micro_not_negative CHECK (micro >= 0),
  CONSTRAINT prices_version_positive CHECK (version > 0)
);

INSERT INTO prices (preset, version, unit, micro) VALUES
  ('infernode',  1, 'upload.image',             1000),
  ('infernode',  1, 'upload.video_frame',       1000),
  ('infernode',  1, 'upload.zip_file',          1000),
  ('infernode',  1, 'inference.image',          2000),
  ('infernode',  1, 'inference.video_frame',    2000),
  ('inpainting', 1, 'upload.image',           650000),
  ('inpainting', 1, 'upload.video_frame',     400000),
  ('inpainting', 1, 'upload.zip_file',        700000),
  ('inpainting', 1, 'inference.image',       2750000),
  ('inpainting', 1, 'inference.video_frame', 1500000);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('prices'),
};
