import type { LastingCredential } from '../../../src/domain/credential.js';
import { ConnectionTickets } from '../../../src/services/connection-tickets.js';
import { InMemoryRealtimeRepository } from '../../fakes/in-memory-realtime.repository.js';

/** Keeps what was stored, as somebody who reads the database would see it. */
class WatchedRows extends InMemoryRealtimeRepository {
  readonly stored: Buffer[] = [];

  override keepTicket(digest: Buffer, sealed: Buffer, seconds: number): Promise<Date> {
    this.stored.push(digest, sealed);
    return super.keepTicket(digest, sealed, seconds);
  }
}

describe('tickets', () => {
  const token: LastingCredential = { kind: 'token', token: 'a.b.c' };
  const key: LastingCredential = { kind: 'apiKey', key: 'infk_x' };
  let rows: WatchedRows;
  let tickets: ConnectionTickets;
  beforeEach(() => {
    rows = new WatchedRows();
    tickets = new ConnectionTickets(rows);
  });

  it.each([token, key])('stand for a credential once', async (credential) => {
    const { ticket } = await tickets.issue(credential);
    expect(await tickets.redeem(ticket)).toEqual(credential);
    await expect(tickets.redeem(ticket)).rejects.toMatchObject({ code: 'INVALID_TICKET' });
  });

  it('differ from each other', async () => {
    const [first, second] = [await tickets.issue(token), await tickets.issue(token)];
    expect(first.ticket).not.toBe(second.ticket);
    expect(await tickets.redeem(second.ticket)).toEqual(token);
    expect(await tickets.redeem(first.ticket)).toEqual(token);
  });

  it('are not found with a changed character, and stay valid', async () => {
    const { ticket } = await tickets.issue(token);
    const changed = ticket.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
    for (const wrong of [changed, '', 'inft_', `${ticket}a`, token.token])
      await expect(tickets.redeem(wrong)).rejects.toMatchObject({ code: 'INVALID_TICKET' });
    expect(await tickets.redeem(ticket)).toEqual(token);
  });

  it('leave nothing in the database from which the credential or the ticket can be read', async () => {
    const { ticket } = await tickets.issue(token);
    const stored = Buffer.concat(rows.stored);
    for (const secret of [token.token, ticket, ticket.slice(42, 74)])
      expect(stored.includes(secret)).toBe(false);
  });
});
