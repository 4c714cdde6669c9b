import { openAsBlob } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A minimal client of the public API, using only fetch. */
export class ApiClient {
  #token: string | null = null;

  constructor(readonly baseUrl: string) {}

  /** Registers, signs in and keeps the token. */
  async signUp(email: string, password: string): Promise<{ credit: number }> {
    const { user } = await this.post<{ user: { credit: number } }>('/api/auth/register', { email, password });
    await this.signIn(email, password);
    return user;
  }

  /** Signs in and keeps the token. */
  async signIn(email: string, password: string): Promise<void> {
    this.#token = (await this.post<{ token: string }>('/api/auth/login', { email, password })).token;
  }

  /** A client with the same token for another base URL. */
  at(baseUrl: string): ApiClient {
    const other = new ApiClient(baseUrl);
    other.#token = this.#token;
    return other;
  }

  /** The bearer token, for the WebSocket. */
  get accessToken(): string {
    if (!this.#token) throw new Error('not signed in');
    return this.#token;
  }

  get<Body>(path: string): Promise<Body> {
    return this.#request<Body>(path, {});
  }

  post<Body>(path: string, body: unknown): Promise<Body> {
    return this.#request<Body>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Uploads a video file into a dataset. */
  async uploadVideo(
    datasetId: string,
    file: string,
    name: string,
  ): Promise<{ id: string; message: string; costDeducted: number }> {
    const form = new FormData();
    form.set('name', name);
    form.set('type', 'video');
    form.set('content', await openAsBlob(file), name);
    return this.#request(`/api/dataset/${datasetId}/videos`, { method: 'POST', body: form });
  }

  /** Uploads an image or a video with its mask, or a ZIP of such pairs, into the dataset of this name. */
  async uploadPair<Body>(datasetName: string, image: string, mask?: string): Promise<Body> {
    const form = new FormData();
    form.set('datasetName', datasetName);
    form.set('image', await openAsBlob(image), basename(image));
    if (mask !== undefined) form.set('mask', await openAsBlob(mask), basename(mask));
    return this.#request(`/api/datasets/data`, { method: 'POST', body: form });
  }

  /** Streams a download into a file. */
  async download(path: string, target: string): Promise<void> {
    const response = await this.#send(path, {});
    if (!response.body) throw new Error(`${path}: no body`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(target));
  }

  async #request<Body>(path: string, init: RequestInit): Promise<Body> {
    return (await (await this.#send(path, init)).json()) as Body;
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set('authorization', `Bearer ${this.#token}`);
    const response = await fetch(new URL(path, this.baseUrl), { ...init, headers });
    if (!response.ok)
      throw new Error(
        `${init.method ?? 'GET'} ${path} answered ${response.status}: ${await response.text()}`,
      );
    return response;
  }
}
