'use strict';

/** Events of jobs: the number within the job is given under the lock of the job's row, so it has no gaps. */
const up = `
CREATE TABLE job_events (
  job_id     UUID NOT NULL REFERENCES inference_jobs (id) ON DELETE CASCADE,
  seq        INTEGER NOT NULL,
  user_id    UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  type       VARCHAR(20) NOT NULL,
  payload    JSON NOT NULL,
  created_at TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (job_id, seq),
  CONSTRAINT job_events_type_known CHECK (type IN ('status', 'progress')),
  CONSTRAINT job_events_seq_positive CHECK (seq > 0)
);`;

module.exports = {
  up: (queryInterface) =>
    queryInterface.sequelize.transaction((transaction) =>
      queryInterface.sequelize.query(up, { transaction }),
    ),
  down: (queryInterface) => queryInterface.dropTable('job_events'),
};
