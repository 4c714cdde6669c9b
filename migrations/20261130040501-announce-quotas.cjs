'use strict';

/**
 * Tells the api processes that the balance or a quota of a user has changed, on the channel of user events. Only users with
 * a remote-control device are announced: a notification makes commits wait for each other, and charges of synchronous
 * inference are frequent.
 */
const announcing = (name, column) => `
CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF EXISTS (SELECT FROM realtime_connections WHERE user_id = NEW.${column} AND kind = 'remote') THEN
    PERFORM pg_notify('user_events', json_build_object('userId', NEW.${column}, 'quota', true)::text);
  END IF;
  RETURN NULL;
END
$body$;`;

const up = `
${announcing('announce_quota_of_row', 'user_id')}
${announcing('announce_quota_of_user', 'id')}
CREATE TRIGGER users_announce_balance AFTER UPDATE OF balance_micro ON users
  FOR EACH ROW WHEN (OLD.balance_micro IS DISTINCT FROM NEW.balance_micro)
  EXECUTE FUNCTION announce_quota_of_user();
CREATE TRIGGER user_usage_announce_first AFTER INSERT ON user_usage
  FOR EACH ROW EXECUTE FUNCTION announce_quota_of_row();
CREATE TRIGGER user_usage_announce AFTER UPDATE ON user_usage
  FOR EACH ROW WHEN (OLD.storage_bytes IS DISTINCT FROM NEW.storage_bytes
    OR OLD.uploaded_bytes IS DISTINCT FROM NEW.uploaded_bytes)
  EXECUTE FUNCTION announce_quota_of_row();
CREATE TRIGGER user_limits_announce AFTER INSERT OR UPDATE ON user_limits
  FOR EACH ROW EXECUTE FUNCTION announce_quota_of_row();`;

const down = `
DROP TRIGGER user_limits_announce ON user_limits;
DROP TRIGGER user_usage_announce ON user_usage;
DROP TRIGGER user_usage_announce_first ON user_usage;
DROP TRIGGER users_announce_balance ON users;
DROP FUNCTION announce_quota_of_user();
DROP FUNCTION announce_quota_of_row();`;

const running = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: running(up), down: running(down) };
