import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';

/** Tables whose rows are counted. */
const COUNTED = ['users', 'datasets', 'media', 'inference_jobs', 'results', 'credit_transactions'] as const;
const MEDIA_PER_PAGE = 1000;
const MAX_NAMED = 20;

/** What a verification found. */
export interface VerifyReport {
  readonly rows: Readonly<Record<(typeof COUNTED)[number], number>>;
  /** Media rows whose file was read; 0 when the files are not in the snapshot. */
  readonly media: number;
  readonly missing: number;
  /** Files with another size or SHA-256 than their row. */
  readonly different: number;
  /** Results whose ZIP is incomplete or damaged. */
  readonly damagedResults: number;
  /** Users whose balance is not that of their last ledger row. */
  readonly wrongBalances: number;
  /** The ledger has fewer rows than when the backup began. */
  readonly ledgerTooShort: boolean;
  /** Some of the problems, one a line. */
  readonly problems: readonly string[];
}

/** Whether a verification found nothing wrong. */
export const isSound = (report: VerifyReport): boolean =>
  report.missing + report.different + report.damagedResults + report.wrongBalances === 0 &&
  !report.ledgerTooShort;

interface MediaRow {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly bytes: string;
  readonly sha256: string;
}

type FileState = 'sound' | 'missing' | 'different';

async function stateOf({ key, bytes, sha256 }: MediaRow, mediaFolder: string): Promise<FileState> {
  const file = path.join(mediaFolder, key.slice(-2), key);
  const size = await stat(file).then(
    (facts) => facts.size,
    () => null,
  );
  if (size === null) return 'missing';
  if (size !== Number(bytes)) return 'different';
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') === sha256 ? 'sound' : 'different';
}

async function checkMedia(client: pg.Client, mediaFolder: string) {
  const counts = { sound: 0, missing: 0, different: 0 };
  const problems: string[] = [];
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const { rows } = await client.query<MediaRow>(
      `SELECT id, name, storage_key AS key, bytes::text, sha256 FROM media WHERE id > $1 ORDER BY id LIMIT $2`,
      [after, MEDIA_PER_PAGE],
    );
    for (const row of rows) {
      const state = await stateOf(row, mediaFolder);
      counts[state] += 1;
      if (state !== 'sound' && problems.length < MAX_NAMED) {
        problems.push(`media ${row.id}, "${row.name}": its file is ${state}`);
      }
    }
    const last = rows.at(-1);
    if (!last || rows.length < MEDIA_PER_PAGE) return { counts, problems };
    after = last.id;
  }
}

async function count(client: pg.Client, query: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(query);
  return Number(rows[0].count);
}

const DAMAGED_RESULTS = `SELECT count(*) FROM results r WHERE r.zip_bytes <> (
    SELECT coalesce(sum(length(c.bytes)), 0) FROM result_chunks c
    WHERE c.job_id = r.job_id AND encode(sha256(c.bytes), 'hex') = c.sha256)`;
const WRONG_BALANCES = `SELECT count(*) FROM users u WHERE u.balance_micro <> coalesce((
    SELECT t.balance_after_micro FROM credit_transactions t
    WHERE t.user_id = u.id ORDER BY t.seq DESC LIMIT 1), u.balance_micro)`;

/**
 * Compares a restored database with the restored files: each media row has its file with its size and SHA-256, each
 * result all pieces of its ZIP, each user the balance of the ledger.
 * @param mediaFolder null when the snapshot does not contain the files
 */
export async function verifyRestore(
  databaseUrl: string,
  { mediaFolder, ledgerRows }: { readonly mediaFolder: string | null; readonly ledgerRows: number },
): Promise<VerifyReport> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'infernode-backup' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const counted: [string, number][] = [];
    for (const table of COUNTED) counted.push([table, await count(client, `SELECT count(*) FROM ${table}`)]);
    const rows = Object.fromEntries(counted) as VerifyReport['rows'];
    const found = mediaFolder === null ? null : await checkMedia(client, mediaFolder);
    return {
      rows,
      media: found ? rows.media : 0,
      missing: found?.counts.missing ?? 0,
      different: found?.counts.different ?? 0,
      damagedResults: await count(client, DAMAGED_RESULTS),
      wrongBalances: await count(client, WRONG_BALANCES),
      ledgerTooShort: rows.credit_transactions < ledgerRows,
      problems: found?.problems ?? [],
    };
  } finally {
    await client.end();
  }
}
