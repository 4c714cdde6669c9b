/** Settings and credentials that engines have no business with: they decode files of strangers. */
const WITHHELD =
  /PASSWORD|SECRET|TOKEN|CREDENTIAL|(_|^)KEY(_|$)|DATABASE_URL|^(DB|PG|POSTGRES|REDIS|JWT|ADMIN|AWS|S3)_|^PG/i;

/** The environment of an engine: that of this process without database, queue and secrets. */
export function engineEnvironment(source: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !WITHHELD.test(name)));
}
