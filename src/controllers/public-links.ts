import type { Request } from 'express';
import type { LinkSigner } from './job.presenter.js';

/** Creates absolute signed links, with scheme and host. */
export class PublicLinks {
  readonly #signer: LinkSigner;
  readonly #publicUrl: string | undefined;

  /** @param publicUrl base URL of this API as clients reach it; by default that of the request */
  constructor(signer: LinkSigner, publicUrl?: string) {
    this.#signer = signer;
    this.#publicUrl = publicUrl;
  }

  /** A signed URL of `path` for `userId`; `extra` query parameters are signed too. */
  sign(request: Request, path: string, { userId, extra = '' }: { userId: string; extra?: string }): string {
    return this.urlOf(this.#signer.sign(path, userId, extra), request);
  }

  /** URLs that are absolute already, such as those of an object store, as they are. */
  absolute(url: string, request: Request): string {
    return url.startsWith('/') ? this.urlOf(url, request) : url;
  }

  /** The URL of a path as the client of the request reaches it. */
  urlOf(path: string, request: Request): string {
    const base = this.#publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    return `${base.replace(/\/$/, '')}${path}`;
  }
}
