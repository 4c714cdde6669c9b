'use strict';

/**
 * Recorded sessions of live servoing: a session ends as a job of the task `servo`, which has no dataset. The job's row is
 * written in the transaction that ends the session.
 */
const up = `
ALTER TABLE inference_jobs DROP CONSTRAINT inference_jobs_task_known;
ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_task_known
  CHECK (task IN ('cns', 'inpainting', 'classification', 'detection', 'servo'));
ALTER TABLE inference_jobs ALTER COLUMN dataset_id DROP NOT NULL;
ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_dataset_given
  CHECK ((dataset_id IS NULL) = (task = 'servo'));

ALTER TABLE servo_sessions
  ADD COLUMN record BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN record_stopped VARCHAR(10),
  ADD COLUMN job_id UUID REFERENCES inference_jobs (id),
  ADD CONSTRAINT servo_sessions_job_is_recorded CHECK (job_id IS NULL OR (record AND status = 'ended'));
CREATE INDEX servo_sessions_by_job ON servo_sessions (job_id) WHERE job_id IS NOT NULL;`;

/** Jobs of the task make the older constraints fail: an installation that has some keeps them. */
const down = `
ALTER TABLE servo_sessions
  DROP COLUMN job_id,
  DROP COLUMN record_stopped,
  DROP COLUMN record;

ALTER TABLE inference_jobs DROP CONSTRAINT inference_jobs_dataset_given;
ALTER TABLE inference_jobs ALTER COLUMN dataset_id SET NOT NULL;
ALTER TABLE inference_jobs DROP CONSTRAINT inference_jobs_task_known;
ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_task_known
  CHECK (task IN ('cns', 'inpainting', 'classification', 'detection'));`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
