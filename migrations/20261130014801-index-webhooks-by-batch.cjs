'use strict';

/** Endpoints of single requests are many, and only those of the job's own request matter for an event. */
const up = `
CREATE INDEX webhooks_enabled_by_batch ON webhooks (user_id, batch_id) WHERE disabled_at IS NULL;
DROP INDEX webhooks_enabled;`;

const down = `
CREATE INDEX webhooks_enabled ON webhooks (user_id) WHERE disabled_at IS NULL;
DROP INDEX webhooks_enabled_by_batch;`;

const inTransaction = (sql) => (queryInterface) =>
  queryInterface.sequelize.transaction((transaction) => queryInterface.sequelize.query(sql, { transaction }));

module.exports = { up: inTransaction(up), down: inTransaction(down) };
