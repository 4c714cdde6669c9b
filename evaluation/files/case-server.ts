import { openAsBlob } from 'node:fs';
import path from 'node:path';
import { followJob } from '../../scripts/demo/follow-job.js';
import { ApiClient } from '../../scripts/demo/api-client.js';

/** Any response of the server. */
export interface CaseAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A file of a form: its path, or its content with a name. */
export type CaseFile = string | { readonly name: string; readonly content: Uint8Array };

/** Result of a job. */
export interface CaseJob {
  readonly id: string;
  readonly status: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const CREDITS = 100_000;

/** Client of a running server, as a user with many credits and as its admin. */
export class CaseServer {
  #datasets = 0;

  readonly #user: ApiClient;
  readonly #admin: ApiClient;

  private constructor(user: ApiClient, admin: ApiClient) {
    this.#user = user;
    this.#admin = admin;
  }

  /** Creates a user with enough credits. */
  static async signUp(url: string): Promise<CaseServer> {
    const [user, admin] = [new ApiClient(url), new ApiClient(url)];
    const email = 'files@example.com';
    await user.signUp(email, 'a good password');
    await admin.signIn('admin@example.com', 'admin password');
    await admin.post('/api/admin/recharge', { email, credits: CREDITS });
    return new CaseServer(user, admin);
  }

  /** A new dataset. */
  async dataset(): Promise<{ id: string; name: string }> {
    const name = `Files ${String((this.#datasets += 1))}`;
    const { dataset } = await this.#user.post<{ dataset: { id: string } }>('/api/dataset', { name });
    return { id: dataset.id, name };
  }

  /** Sends a form; `asAdmin` for routes of admins. */
  async form(
    route: string,
    {
      fields,
      files,
      asAdmin = false,
    }: {
      readonly fields: Readonly<Record<string, string>>;
      readonly files: Readonly<Record<string, CaseFile>>;
      readonly asAdmin?: boolean;
    },
  ): Promise<CaseAnswer> {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    for (const [name, file] of Object.entries(files)) {
      if (typeof file === 'string') body.set(name, await openAsBlob(file), path.basename(file));
      else body.set(name, new Blob([new Uint8Array(file.content)]), file.name);
    }
    return this.#send(route, { method: 'POST', body }, asAdmin);
  }

  /** Sends a JSON body. */
  post(route: string, body: unknown): Promise<CaseAnswer> {
    const headers = { 'content-type': 'application/json' };
    return this.#send(route, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /** Reads an object. */
  get(route: string): Promise<CaseAnswer> {
    return this.#send(route, {});
  }

  /** Waits until a job has ended, then reads its result from `route`. */
  async finish(id: string, route: string): Promise<CaseJob> {
    const status = await followJob(this.#user, id, {
      onStatus: () => undefined,
      onProgress: () => undefined,
    });
    return { id, status, body: (await this.get(route)).body };
  }

  async #send(route: string, init: RequestInit, asAdmin = false): Promise<CaseAnswer> {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${(asAdmin ? this.#admin : this.#user).accessToken}`);
    const response = await fetch(new URL(route, this.#user.baseUrl), { ...init, headers });
    const text = await response.text();
    const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : { text };
    return {
      status: response.status,
      body: typeof parsed === 'object' && parsed !== null ? { ...parsed } : {},
    };
  }
}
