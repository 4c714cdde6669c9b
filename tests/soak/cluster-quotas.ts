import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import sharp from 'sharp';
import type { ApiClient, ApiResponse } from '../support/api-client.js';
import type { Cluster } from '../support/cluster.js';
import { ClusterUser } from '../support/cluster-user.js';

const REQUESTS = 200;
/** What a quota allows of them. */
const ALLOWED = 7;
const SIDE = 64;
/** A form around a file takes less. */
const FORM_BYTES = 1024;

/** A quota, and what came of more requests at once than it allows. */
export interface QuotaRow {
  readonly quota: string;
  readonly requests: number;
  readonly allowed: number;
  readonly accepted: number;
  /** Refused by the code of the quota. */
  readonly refused: number;
  /** Sent again, because a busy process asked for it (503). */
  readonly repeated: number;
  /** Rows in the database. */
  readonly stored: number;
  /** Whether charges, bytes, reservations and the balance agree with them. */
  readonly exact: boolean;
}

/** What the database has of a user. */
interface Books {
  readonly media: number;
  readonly bytes: number;
  readonly storage: number;
  readonly reservations: number;
  readonly uploads: number;
  readonly jobs: number;
  readonly holds: number;
  readonly charged: number;
  readonly balanced: boolean;
}

const BOOKS = `
SELECT (SELECT count(*) FROM media WHERE user_id = u.id)::int AS media,
       (SELECT COALESCE(sum(bytes), 0) FROM media WHERE user_id = u.id)::float8 AS bytes,
       COALESCE((SELECT storage_bytes FROM user_usage WHERE user_id = u.id), 0)::float8 AS storage,
       (SELECT count(*) FROM upload_reservations WHERE user_id = u.id)::int AS reservations,
       (SELECT count(*) FROM inference_jobs WHERE user_id = u.id)::int AS jobs,
       (SELECT count(*) FROM credit_transactions WHERE user_id = u.id AND kind = 'upload')::int AS uploads,
       (SELECT count(*) FROM credit_transactions WHERE user_id = u.id AND kind = 'hold')::int AS holds,
       (SELECT COALESCE(-sum(delta_micro), 0) FROM credit_transactions WHERE user_id = u.id AND kind = 'upload')::float8
         AS charged,
       u.balance_micro = (SELECT sum(delta_micro) FROM credit_transactions WHERE user_id = u.id) AS balanced
  FROM users u WHERE u.id = $1`;

interface Owner {
  readonly user: ClusterUser;
  readonly id: string;
}

interface Attempt {
  readonly quota: string;
  /** Code of a refusal. */
  readonly code: string;
  readonly owner: Owner;
  send(client: ApiClient, index: number): Promise<ApiResponse>;
}

/** The user of an access token. */
const userIdOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8')) as { sub: string }).sub;

/** Requests at once, in turns to both api processes, that exceed the quotas of a user. */
export class ClusterQuotas {
  readonly #cluster: Cluster;
  readonly #database: pg.Client;
  readonly #admin: ApiClient;

  constructor(cluster: Cluster, database: pg.Client, admin: ApiClient) {
    this.#cluster = cluster;
    this.#database = database;
    this.#admin = admin;
  }

  /** One row for each quota. */
  async run(): Promise<QuotaRow[]> {
    const pixels = { width: SIDE, height: SIDE, channels: 3 as const };
    // Noise, which does not compress: each picture takes more than the forms around all of them.
    const picture = await sharp(randomBytes(SIDE * SIDE * 3), { raw: pixels })
      .png()
      .toBuffer();
    const room = ALLOWED * (picture.length + FORM_BYTES);
    return [
      await this.#pictures('UPLOAD_QUOTA_EXCEEDED', picture, { uploadBytesPerDay: room }),
      await this.#pictures('STORAGE_QUOTA_EXCEEDED', picture, { storageBytes: room }),
      await this.#credits(),
      await this.#waitingJobs(),
      await this.#requests(),
    ];
  }

  async #owner(limits: object = {}): Promise<Owner> {
    const user = await ClusterUser.register(this.#cluster, `quota-${randomUUID()}`);
    const id = userIdOf(user.token);
    // Before the first request: processes keep a limit of requests for some seconds.
    const { status, text } = await this.#admin.put(`/api/admin/users/${id}/limits`, limits);
    if (status !== 200) throw new Error(`${String(status)} ${text}`);
    return { user, id };
  }

  async #pictures(code: string, picture: Buffer, limits: object): Promise<QuotaRow> {
    const owner = await this.#owner(limits);
    const datasetId = String(
      (await owner.user.any.post('/api/dataset', { name: 'Pictures' })).at('dataset.id'),
    );
    const content = new Blob([new Uint8Array(picture)]);
    const [quota] = Object.keys(limits);
    const send = (client: ApiClient, index: number) => {
      const body = new FormData();
      body.append('name', `picture ${String(index)}`);
      body.append('type', 'image');
      body.append('content', content, 'picture.png');
      return client.call('POST', `/api/dataset/${datasetId}/images`, { body });
    };
    return this.#exceed({ quota, code, owner, send }, ({ media }) => ({ allowed: ALLOWED, stored: media }));
  }

  /** Pairs cost so much that the credits of a new user do not suffice for all. */
  async #credits(): Promise<QuotaRow> {
    const owner = await this.#owner();
    const { credits } = (await owner.user.any.get('/api/user/credits')).json as { credits: number };
    await owner.user.any.post('/api/datasets', { name: 'pairs' });
    const send = (client: ApiClient) => owner.user.uploadPair('pairs', client);
    const attempt = { quota: 'credits', code: 'INSUFFICIENT_CREDITS', owner, send };
    return this.#exceed(attempt, ({ uploads, charged }) => ({
      allowed: Math.floor((credits * 1_000_000) / (charged / uploads)),
      stored: uploads,
    }));
  }

  async #waitingJobs(): Promise<QuotaRow> {
    const owner = await this.#owner({ waitingJobs: ALLOWED });
    await owner.user.recharge(1000);
    await owner.user.prepare();
    // Nothing starts, so that all that are accepted wait.
    await this.#admin.post('/api/admin/tasks/inpainting/pause', {});
    const send = (client: ApiClient) => owner.user.createJob(client);
    const attempt = { quota: 'waitingJobs', code: 'TOO_MANY_WAITING_JOBS', owner, send };
    try {
      return await this.#exceed(attempt, ({ jobs, holds }) => ({
        allowed: ALLOWED,
        stored: jobs === holds ? jobs : NaN,
      }));
    } finally {
      await this.#admin.post('/api/admin/tasks/inpainting/resume');
    }
  }

  async #requests(): Promise<QuotaRow> {
    const owner = await this.#owner({ requestsPerMinute: ALLOWED });
    const send = (client: ApiClient) => client.get('/api/user/credits');
    const attempt = { quota: 'requestsPerMinute', code: 'REQUEST_QUOTA_EXCEEDED', owner, send };
    return this.#exceed(attempt, () => ({ allowed: ALLOWED, stored: 0 }));
  }

  async #exceed(
    { quota, code, owner: { user, id }, send }: Attempt,
    expected: (books: Books) => { readonly allowed: number; readonly stored: number },
  ): Promise<QuotaRow> {
    const clients = [user.at(0), user.at(1)];
    let repeated = 0;
    const sendUntilDecided = async (index: number): Promise<ApiResponse> => {
      for (;;) {
        const answer = await send(clients[index % 2], index);
        if (answer.status !== 503) return answer;
        repeated += 1;
        await delay(1000 * Number(answer.headers.get('retry-after') ?? 1));
      }
    };
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, index) => sendUntilDecided(index)),
    );
    const { rows } = await this.#database.query<Books>(BOOKS, [id]);
    const [books] = rows;
    const { allowed, stored } = expected(books);
    const exact = books.balanced && books.bytes === books.storage && books.reservations === 0;
    const accepted = answers.filter(({ status }) => status < 300).length;
    const refused = answers.filter(({ at }) => at('code') === code).length;
    const others = answers.filter(({ status, at }) => status >= 300 && at('code') !== code);
    others.slice(0, 3).forEach(({ status, text }) => console.log(quota, status, text.slice(0, 300)));
    return { quota, requests: REQUESTS, allowed, accepted, refused, repeated, stored, exact };
  }
}

/** A request waits a quarter of a second for the counts of the other process; on a busy machine a few more are answered. */
const MAX_MORE_REQUESTS = 3;

/** Whether exactly what a quota allows was accepted, and everything else refused for that reason. */
export function holds({ quota, requests, allowed, accepted, refused, stored, exact }: QuotaRow): boolean {
  if (accepted + refused !== requests || !exact) return false;
  if (quota === 'requestsPerMinute') return accepted >= allowed && accepted <= allowed + MAX_MORE_REQUESTS;
  return accepted === allowed && stored === allowed;
}
