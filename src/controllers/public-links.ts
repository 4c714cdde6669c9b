import type { Request } from 'express';
import type { LinkSigner } from './job.presenter.js';

/** Makes signed links that can be opened from anywhere: with scheme and host. */
export class PublicLinks {
  readonly #signer: LinkSigner;
  readonly #publicUrl: string | undefined;

  /** @param publicUrl base URL of this API as clients see it; that of each request when left out */
  constructor(signer: LinkSigner, publicUrl?: string) {
    this.#signer = signer;
    this.#publicUrl = publicUrl;
  }

  /** `path` of this API as a signed URL for `userId`; `extra` is more of the query, signed too. */
  sign(request: Request, path: string, { userId, extra = '' }: { userId: string; extra?: string }): string {
    const base = this.#publicUrl ?? `${request.protocol}://${request.get('host') ?? 'localhost'}`;
    return `${base.replace(/\/$/, '')}${this.#signer.sign(path, userId, extra)}`;
  }
}
