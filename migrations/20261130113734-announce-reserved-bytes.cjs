'use strict';

/**
 * Announces, like the migration `announce-quotas`, also changes of the bytes that are reserved for uploads in progress, and of
 * those that recordings of live sessions take.
 */
const up = `
CREATE FUNCTION announce_quota_of_old_row() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF EXISTS (SELECT FROM realtime_connections WHERE user_id = OLD.user_id AND kind = 'remote') THEN
    PERFORM pg_notify('user_events', json_build_object('userId', OLD.user_id, 'quota', true)::text);
  END IF;
  RETURN NULL;
END
$body$;
CREATE TRIGGER upload_reservations_announce AFTER INSERT ON upload_reservations
  FOR EACH ROW WHEN (NEW.bytes > 0) EXECUTE FUNCTION announce_quota_of_row();
CREATE TRIGGER upload_reservations_announce_end AFTER DELETE ON upload_reservations
  FOR EACH ROW WHEN (OLD.bytes > 0) EXECUTE FUNCTION announce_quota_of_old_row();
CREATE TRIGGER servo_sessions_announce_recording AFTER INSERT ON servo_sessions
  FOR EACH ROW WHEN (NEW.recording_bytes > 0) EXECUTE FUNCTION announce_quota_of_row();
CREATE TRIGGER servo_sessions_announce_recorded AFTER UPDATE ON servo_sessions
  FOR EACH ROW WHEN (OLD.recording_bytes IS DISTINCT FROM NEW.recording_bytes
    OR (NEW.recording_bytes > 0 AND OLD.status IS DISTINCT FROM NEW.status))
  EXECUTE FUNCTION announce_quota_of_row();
CREATE TRIGGER servo_sessions_announce_end AFTER DELETE ON servo_sessions
  FOR EACH ROW WHEN (OLD.recording_bytes > 0) EXECUTE FUNCTION announce_quota_of_old_row();`;

const down = `
DROP TRIGGER servo_sessions_announce_end ON servo_sessions;
DROP TRIGGER servo_sessions_announce_recorded ON servo_sessions;
DROP TRIGGER servo_sessions_announce_recording ON servo_sessions;
DROP TRIGGER upload_reservations_announce_end ON upload_reservations;
DROP TRIGGER upload_reservations_announce ON upload_reservations;
DROP FUNCTION announce_quota_of_old_row();`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
