'use strict';

/**
 * Jobs. `fence` names the current start and `lease_expires_at` how long it is believed; a terminal status
 * is final by trigger, whatever a program tries. Documents are JSON, not JSONB: order and text survive.
 */
const up = `
CREATE TABLE inference_jobs (
  id               UUID PRIMARY KEY,
  batch_id         UUID NOT NULL,
  user_id          UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  dataset_id       UUID NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  task             VARCHAR(20) NOT NULL,
  params           JSON NOT NULL,
  plan             JSON NOT NULL,
  status           VARCHAR(10) NOT NULL DEFAULT 'PENDING',
  attempt          INTEGER NOT NULL DEFAULT 0,
  fence            UUID,
  lease_expires_at TIMESTAMPTZ(3),
  progress         JSON,
  seq              INTEGER NOT NULL DEFAULT 0,
  device_requested VARCHAR(10) NOT NULL,
  device           JSON,
  timings          JSON,
  energy           JSON,
  network          JSON,
  price_preset     VARCHAR(30) NOT NULL,
  price_version    INTEGER NOT NULL,
  held_micro       BIGINT NOT NULL,
  captured_micro   BIGINT NOT NULL DEFAULT 0,
  failure_code     VARCHAR(60),
  failure_message  TEXT,
  retry_of         UUID REFERENCES inference_jobs (id) ON DELETE SET NULL,
  created_at       TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  started_at       TIMESTAMPTZ(3),
  finished_at      TIMESTAMPTZ(3),
  CONSTRAINT inference_jobs_task_known CHECK (task IN ('cns', 'inpainting', 'classification')),
  CONSTRAINT inference_jobs_status_known
    CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'ABORTED')),
  CONSTRAINT inference_jobs_device_known CHECK (device_requested IN ('auto', 'cpu', 'cuda', 'webgpu')),
  CONSTRAINT inference_jobs_running_is_fenced
    CHECK ((status = 'RUNNING') = (fence IS NOT NULL AND lease_expires_at IS NOT NULL)),
  CONSTRAINT inference_jobs_money_in_bounds
    CHECK (held_micro >= 0 AND captured_micro >= 0 AND captured_micro <= held_micro)
);

CREATE INDEX inference_jobs_by_user ON inference_jobs (user_id, created_at DESC, id DESC);
CREATE INDEX inference_jobs_by_age ON inference_jobs (created_at DESC, id DESC);
CREATE INDEX inference_jobs_by_dataset ON inference_jobs (dataset_id);
CREATE INDEX inference_jobs_by_batch ON inference_jobs (batch_id);
CREATE INDEX inference_jobs_pending ON inference_jobs (created_at, id) WHERE status = 'PENDING';
CREATE INDEX inference_jobs_leased ON inference_jobs (lease_expires_at) WHERE status = 'RUNNING';

CREATE FUNCTION inference_jobs_keep_terminal() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'job % is % and stays so', OLD.id, OLD.status USING ERRCODE = 'integrity_constraint_violation';
END
$body$;

CREATE TRIGGER inference_jobs_keep_terminal BEFORE UPDATE OF status ON inference_jobs
  FOR EACH ROW WHEN (OLD.status IN ('COMPLETED', 'FAILED', 'ABORTED') AND NEW.status <> OLD.status)
  EXECUTE FUNCTION inference_jobs_keep_terminal();`;

const down = `
DROP TABLE inference_jobs;
DROP FUNCTION inference_jobs_keep_terminal();`;

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
