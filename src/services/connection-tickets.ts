import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import { TICKET_PREFIX, type LastingCredential } from '../domain/credential.js';
import type { RealtimeRepository } from '../domain/repositories/realtime.repository.js';
import { tokenProblem } from '../errors/common-errors.js';
import { digestOfSecret, generateSecret, idOfSecret } from './secret-text.js';

/** Lifetime of a ticket. */
const TICKET_SECONDS = 30;

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const lastingCredential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), token: z.string() }),
  z.object({ kind: z.literal('apiKey'), key: z.string() }),
]);

/** A ticket, which is shown once. */
export interface IssuedTicket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * Tickets open one connection each, in place of a credential that a client cannot or should not send when it opens a
 * WebSocket. Any api process redeems them. The database stores the credential encrypted by the ticket itself.
 */
export class ConnectionTickets {
  readonly #rows: Pick<RealtimeRepository, 'keepTicket' | 'takeTicket'>;

  constructor(rows: Pick<RealtimeRepository, 'keepTicket' | 'takeTicket'>) {
    this.#rows = rows;
  }

  /** A ticket for a credential; using it is subject to all checks of that credential. */
  async issue(credential: LastingCredential): Promise<IssuedTicket> {
    const ticket = generateSecret(TICKET_PREFIX, uuid());
    const sealed = seal(ticket, JSON.stringify(credential));
    const expiresAt = await this.#rows.keepTicket(digestOfSecret(ticket), sealed, TICKET_SECONDS);
    return { ticket, expiresAt };
  }

  /** The credential that a ticket stands for; it is used up. @throws AppError INVALID_TICKET. */
  async redeem(ticket: string): Promise<LastingCredential> {
    const isKnown = idOfSecret(TICKET_PREFIX, ticket) !== null;
    const sealed = isKnown ? await this.#rows.takeTicket(digestOfSecret(ticket)) : null;
    if (sealed === null) throw tokenProblem('INVALID_TICKET');
    return lastingCredential.parse(JSON.parse(unseal(ticket, sealed)));
  }
}

const keyOf = (ticket: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', ticket, '', 'connection ticket', KEY_BYTES));

function seal(ticket: string, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(ticket), nonce);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

function unseal(ticket: string, sealed: Buffer): string {
  const decipher = createDecipheriv(CIPHER, keyOf(ticket), sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
}
