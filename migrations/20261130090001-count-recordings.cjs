'use strict';

/** Bytes of a recorded session, which count for the storage of its user until its job has ended. */
const up = `ALTER TABLE servo_sessions ADD COLUMN recording_bytes BIGINT NOT NULL DEFAULT 0;`;
const down = `ALTER TABLE servo_sessions DROP COLUMN recording_bytes;`;

const running = (sql) => (queryInterface) => queryInterface.sequelize.query(sql);

module.exports = { up: running(up), down: running(down) };
