'use strict';

/** Jobs of the task `detection`, and what they cost. */
const up = `
ALTER TABLE inference_jobs DROP CONSTRAINT inference_jobs_task_known;
ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_task_known
  CHECK (task IN ('cns', 'inpainting', 'classification', 'detection'));

INSERT INTO prices (preset, version, unit, micro) VALUES
  ('detection', 1, 'inference.image',       2000),
  ('detection', 1, 'inference.video_frame', 2000);`;

/** Jobs of the task make the older CHECK fail: an installation that has some keeps them. */
const down = `
ALTER TABLE inference_jobs DROP CONSTRAINT inference_jobs_task_known;
ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_task_known
  CHECK (task IN ('cns', 'inpainting', 'classification'));

DELETE FROM prices WHERE preset = 'detection';`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
