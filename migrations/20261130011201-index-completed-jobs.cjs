'use strict';

/** The newest completed jobs, whose durations give the speed of a task. */
const up = `CREATE INDEX inference_jobs_completed ON inference_jobs (finished_at DESC) WHERE status = 'COMPLETED';`;

const down = `DROP INDEX inference_jobs_completed;`;

module.exports = {
  up: (queryInterface) => queryInterface.sequelize.query(up),
  down: (queryInterface) => queryInterface.sequelize.query(down),
};
