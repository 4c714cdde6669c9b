import type { Counted, Slice } from '../domain/listing.js';
import type { NewPriceVersion } from '../domain/money.js';
import { Dao } from './dao.js';

/** One version of a preset. Versions of migrations have no date and no author. */
export interface PriceVersionRow {
  readonly preset: string;
  readonly version: number;
  readonly effectiveFrom: Date | null;
  readonly createdAt: Date | null;
  readonly createdBy: string | null;
  readonly note: string;
  /** Micro-credits by unit, as text. */
  readonly micros: Readonly<Record<string, string>>;
}

const VERSIONS = `SELECT p.preset, p.version, v.effective_from AS "effectiveFrom", v.created_at AS "createdAt",
    v.created_by AS "createdBy", coalesce(v.note, '') AS note, jsonb_object_agg(p.unit, p.micro::text) AS micros
  FROM prices p LEFT JOIN price_versions v USING (preset, version)`;
const GROUPED = 'GROUP BY p.preset, p.version, v.effective_from, v.created_at, v.created_by, v.note';
/** The version that applies at a time is the first one that has taken effect by then. */
const NEWEST_FIRST = `ORDER BY coalesce(v.effective_from, '-infinity') DESC, p.version DESC`;
/** Serialises new versions, so that each has a number of its own. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtext('infernode prices'))`;

/** Tables `prices` and `price_versions`. */
export class PriceDao extends Dao {
  /** The version that applies at a time, now unless given. */
  async effective(preset: string, at: Date | null = null): Promise<PriceVersionRow | null> {
    const rows = await this.rows<PriceVersionRow>(
      `${VERSIONS} WHERE p.preset = $preset::varchar
         AND coalesce(v.effective_from, '-infinity') <= coalesce($at::timestamptz, now())
       ${GROUPED} ${NEWEST_FIRST} LIMIT 1`,
      { preset, at },
    );
    return rows[0] ?? null;
  }

  async version(preset: string, version: number): Promise<PriceVersionRow | null> {
    const rows = await this.rows<PriceVersionRow>(
      `${VERSIONS} WHERE p.preset = $preset::varchar AND p.version = $version ${GROUPED}`,
      { preset, version },
    );
    return rows[0] ?? null;
  }

  async presets(): Promise<string[]> {
    const rows = await this.rows<{ preset: string }>(
      'SELECT DISTINCT preset FROM prices ORDER BY preset',
      {},
    );
    return rows.map(({ preset }) => preset);
  }

  /** By the time at which they take effect, newest first. */
  async page(preset: string | null, { offset, limit }: Slice): Promise<Counted<PriceVersionRow>> {
    const rows = await this.rows<PriceVersionRow>(
      `${VERSIONS} WHERE p.preset = coalesce($preset::varchar, p.preset) ${GROUPED} ${NEWEST_FIRST}, p.preset
       OFFSET $offset LIMIT $limit`,
      { preset, offset, limit },
    );
    const [{ total }] = await this.rows<{ total: number }>(
      `SELECT count(DISTINCT (preset, version))::integer AS total FROM prices
        WHERE preset = coalesce($preset::varchar, preset)`,
      { preset },
    );
    return { rows, total };
  }

  async lock(): Promise<void> {
    this.requireTransaction();
    await this.rows(LOCK, {});
  }

  /** @returns the number of the version */
  async insert(
    { preset, effectiveFrom, createdBy, note }: Omit<NewPriceVersion, 'prices'>,
    micros: Readonly<Record<string, string>>,
  ): Promise<number> {
    this.requireTransaction();
    const [{ version }] = await this.rows<{ version: number }>(
      `INSERT INTO price_versions (preset, version, effective_from, created_by, note)
       SELECT $preset::varchar, coalesce(max(version), 0) + 1, $effectiveFrom::timestamptz, $createdBy::varchar, $note::varchar
         FROM prices WHERE preset = $preset::varchar
       RETURNING version`,
      { preset, effectiveFrom, createdBy, note },
    );
    await this.rows(
      `INSERT INTO prices (preset, version, unit, micro)
       SELECT $preset::varchar, $version::integer, key, value::bigint FROM jsonb_each_text($micros::jsonb) RETURNING unit`,
      { preset, version, micros: JSON.stringify(micros) },
    );
    return version;
  }
}
