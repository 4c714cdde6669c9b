'use strict';

/**
 * Open connections of all api processes, and what remote-control clients last reported. Not logged: after a crash of the
 * database every process registers its connections again. A process that ends without removing its connections stops
 * updating its row, which is then deleted together with them.
 */
const up = `
CREATE UNLOGGED TABLE realtime_instances (
  id      UUID PRIMARY KEY,
  seen_at TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 70);

CREATE UNLOGGED TABLE realtime_connections (
  id          UUID PRIMARY KEY,
  instance_id UUID NOT NULL REFERENCES realtime_instances (id) ON DELETE CASCADE,
  user_id     UUID NOT NULL,
  kind        VARCHAR(8) NOT NULL CHECK (kind IN ('ws', 'remote', 'sse')),
  player      BOOLEAN NOT NULL DEFAULT false,
  opened_at   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX realtime_connections_by_user ON realtime_connections (user_id, kind);
CREATE INDEX realtime_connections_by_instance ON realtime_connections (instance_id);

CREATE UNLOGGED TABLE remote_states (
  user_id    UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  state      TEXT NOT NULL,
  expires_at TIMESTAMPTZ(3) NOT NULL
) WITH (fillfactor = 70);

CREATE UNLOGGED TABLE socket_io_attachments (
  id         BIGSERIAL PRIMARY KEY,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  payload    BYTEA NOT NULL
);
CREATE INDEX socket_io_attachments_by_time ON socket_io_attachments (created_at);`;

const down = `
DROP TABLE socket_io_attachments;
DROP TABLE remote_states;
DROP TABLE realtime_connections;
DROP TABLE realtime_instances;`;

const running = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: running(up), down: running(down) };
