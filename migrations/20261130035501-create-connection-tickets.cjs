'use strict';

/**
 * One-time tickets for opening WebSockets: each holds an encrypted credential for some seconds, whose key is the ticket
 * itself. Not logged: a ticket that a crash of the database loses is requested again.
 */
const up = `
CREATE UNLOGGED TABLE connection_tickets (
  digest     BYTEA PRIMARY KEY,
  sealed     BYTEA NOT NULL,
  expires_at TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX connection_tickets_by_expiry ON connection_tickets (expires_at);`;

const down = 'DROP TABLE connection_tickets;';

const running = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: running(up), down: running(down) };
