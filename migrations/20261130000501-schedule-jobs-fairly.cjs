'use strict';

/**
 * Order of waiting jobs: start-time fair queueing (Goyal, Vin, Cheng 1996). A job gets a start tag: the tag of the jobs
 * that run now, or the user's last tag plus one over the user's weight, whichever is greater. The lowest tag says whose
 * turn it is; which of the user's jobs runs then is a matter of priority and age, so tags belong to users and change
 * hands between their jobs. `start_order` makes tags unique; it is the id of the job that got the tag first.
 *
 * A cancelled job leaves the user's last tag unused, not its own. `promoted` jobs come before all others.
 */
const up = `
CREATE TABLE user_limits (
  user_id              UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  storage_bytes        BIGINT,
  upload_bytes_per_day BIGINT,
  waiting_jobs         INTEGER,
  running_jobs         INTEGER,
  requests_per_minute  INTEGER,
  weight               SMALLINT,
  updated_at           TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT user_limits_in_bounds CHECK (
    storage_bytes >= 0 AND upload_bytes_per_day >= 0 AND waiting_jobs >= 0 AND running_jobs >= 0
    AND requests_per_minute >= 0 AND weight BETWEEN 1 AND 100)
);

CREATE TABLE paused_tasks (
  task         VARCHAR(20) PRIMARY KEY,
  accepts_jobs BOOLEAN NOT NULL,
  reason       VARCHAR(500),
  paused_at    TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

ALTER TABLE inference_jobs
  ADD COLUMN priority    SMALLINT NOT NULL DEFAULT 0,
  ADD COLUMN promoted    BOOLEAN NOT NULL DEFAULT false,
  ADD COLUMN start_tag   BIGINT,
  ADD COLUMN start_order UUID,
  ADD COLUMN not_before  TIMESTAMPTZ(3),
  ADD CONSTRAINT inference_jobs_priority_in_bounds CHECK (priority BETWEEN -10 AND 10);

UPDATE inference_jobs AS job SET start_tag = numbered.tag, start_order = job.id
  FROM (SELECT id, 1000000 * (row_number() OVER (PARTITION BY user_id ORDER BY created_at, id) - 1) AS tag
          FROM inference_jobs WHERE status IN ('PENDING', 'RUNNING')) AS numbered
 WHERE job.id = numbered.id;

ALTER TABLE inference_jobs ADD CONSTRAINT inference_jobs_waiting_is_tagged
  CHECK (status NOT IN ('PENDING', 'RUNNING') OR (start_tag IS NOT NULL AND start_order IS NOT NULL));

CREATE INDEX inference_jobs_next ON inference_jobs (promoted DESC, start_tag, start_order) WHERE status = 'PENDING';
CREATE INDEX inference_jobs_next_of_user ON inference_jobs (user_id, promoted DESC, priority DESC, created_at, id)
  WHERE status = 'PENDING';
CREATE INDEX inference_jobs_tags_of_user ON inference_jobs (user_id, start_tag, start_order)
  WHERE status = 'PENDING';

CREATE FUNCTION inference_jobs_virtual_time() RETURNS BIGINT LANGUAGE sql STABLE AS $body$
  SELECT COALESCE(
    (SELECT max(start_tag) FROM inference_jobs WHERE status = 'RUNNING' AND NOT promoted),
    (SELECT start_tag FROM inference_jobs WHERE status = 'PENDING' AND NOT promoted
        AND task NOT IN (SELECT task FROM paused_tasks)
      ORDER BY promoted DESC, start_tag, start_order LIMIT 1),
    0)
$body$;

CREATE FUNCTION inference_jobs_give_tag() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  step BIGINT := 1000000 / COALESCE((SELECT weight FROM user_limits WHERE user_id = NEW.user_id), 1);
  last BIGINT := GREATEST(
    (SELECT max(start_tag) FROM inference_jobs WHERE status = 'PENDING' AND user_id = NEW.user_id),
    (SELECT max(start_tag) FROM inference_jobs WHERE status = 'RUNNING' AND user_id = NEW.user_id));
BEGIN
  NEW.start_tag := GREATEST(inference_jobs_virtual_time(), last + step);
  NEW.start_order := NEW.id;
  RETURN NEW;
END
$body$;

CREATE TRIGGER inference_jobs_give_tag BEFORE INSERT ON inference_jobs
  FOR EACH ROW WHEN (NEW.start_tag IS NULL) EXECUTE FUNCTION inference_jobs_give_tag();

CREATE FUNCTION inference_jobs_pass_tag_on() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE inference_jobs SET start_tag = OLD.start_tag, start_order = OLD.start_order
   WHERE id = (SELECT id FROM inference_jobs
                WHERE user_id = OLD.user_id AND status = 'PENDING' AND start_tag > OLD.start_tag
                ORDER BY start_tag DESC, start_order DESC LIMIT 1 FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END
$body$;

CREATE TRIGGER inference_jobs_pass_tag_on AFTER UPDATE OF status ON inference_jobs
  FOR EACH ROW WHEN (OLD.status = 'PENDING' AND NEW.status IN ('FAILED', 'ABORTED'))
  EXECUTE FUNCTION inference_jobs_pass_tag_on();`;

const down = `
DROP TRIGGER inference_jobs_pass_tag_on ON inference_jobs;
DROP TRIGGER inference_jobs_give_tag ON inference_jobs;
DROP FUNCTION inference_jobs_pass_tag_on();
DROP FUNCTION inference_jobs_give_tag();
DROP FUNCTION inference_jobs_virtual_time();
ALTER TABLE inference_jobs
  DROP COLUMN priority, DROP COLUMN promoted, DROP COLUMN start_tag, DROP COLUMN start_order, DROP COLUMN not_before;
DROP TABLE paused_tasks;
DROP TABLE user_limits;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
