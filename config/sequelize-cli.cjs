'use strict';

/**
 * The database of sequelize-cli: DATABASE_URL, else DB_HOST and its like, else the embedded database that is
 * running on DATA_DIR. The same settings as the product's, read without building it.
 */
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '..');
const environmentFile = path.join(root, '.env');
if (existsSync(environmentFile)) process.loadEnvFile(environmentFile);

/** Says why nothing can be done; an exception would show a stack. */
function end(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** A setting by name or alias, or from the file that NAME_FILE points to. */
function setting(...names) {
  for (const name of names) {
    const file = process.env[`${name}_FILE`];
    if (file && !existsSync(file)) end(`${name}_FILE: the file ${file} does not exist.`);
    if (file) return readFileSync(file, 'utf8').trim();
    if (process.env[name]) return process.env[name];
  }
  return undefined;
}

function partsOfUrl(text) {
  if (!URL.canParse(text)) end('DATABASE_URL must be postgres://user:password@host:port/name.');
  const url = new URL(text);
  return {
    host: url.hostname,
    port: Number(url.port || 5432),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
  };
}

function connection() {
  const url = setting('DATABASE_URL');
  if (url) return partsOfUrl(url);
  const host = setting('DB_HOST');
  if (host) {
    return {
      host,
      port: Number(setting('DB_PORT') ?? 5432),
      username: setting('DB_USERNAME', 'POSTGRES_USER') ?? 'postgres',
      password: setting('DB_PASSWORD', 'POSTGRES_PASSWORD'),
      database: setting('DB_NAME', 'POSTGRES_DB') ?? 'InferNode',
    };
  }
  const dataDirectory = path.resolve(root, setting('DATA_DIR') ?? 'data');
  const embedded = path.join(dataDirectory, 'postgres.json');
  if (existsSync(embedded)) return partsOfUrl(JSON.parse(readFileSync(embedded, 'utf8')).url);
  return end(`No database: set DATABASE_URL or DB_HOST, or run "npm start" on ${dataDirectory} first.`);
}

module.exports = {
  ...connection(),
  dialect: 'postgres',
  logging: false,
  dialectOptions: { application_name: 'infernode-cli', connectionTimeoutMillis: 5000 },
  migrationStorage: 'sequelize',
  migrationStorageTableName: 'SequelizeMeta',
  seederStorage: 'sequelize',
  seederStorageTableName: 'SequelizeData',
};
