import { readCredential } from '../domain/credential.js';
import { tokenProblem } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { realtimeOperations } from '../schemas/realtime.schema.js';
import type { ConnectionTickets } from '../services/connection-tickets.js';

type Operations = typeof realtimeOperations;

/** The open WebSocket connections of all api processes, as used by HTTP handlers. */
export interface RealtimeConnections {
  /** Number of connections, of one user or of all. */
  connections(userId?: string): Promise<number>;
  /** Sends a message to all connections of a user. */
  notify(userId: string, message: string): Promise<void>;
}

/** HTTP handlers about the WebSocket. */
export class RealtimeController {
  readonly #realtime: RealtimeConnections;
  readonly #tickets: Pick<ConnectionTickets, 'issue'>;

  constructor(realtime: RealtimeConnections, tickets: Pick<ConnectionTickets, 'issue'>) {
    this.#realtime = realtime;
    this.#tickets = tickets;
  }

  readonly stats = async ({ principal }: Call<Operations['stats']>): Promise<Reply> => {
    const userConnections = await this.#realtime.connections(principal.userId);
    // Only admins see the number of connections of the whole server.
    const totalConnections =
      principal.role === 'admin' ? await this.#realtime.connections() : userConnections;
    return ok({ success: true, data: { totalConnections, userConnections } });
  };

  readonly test = async ({ principal, body }: Call<Operations['test']>): Promise<Reply> => {
    const delivered = await this.#realtime.connections(principal.userId);
    await this.#realtime.notify(principal.userId, body.message);
    return ok({ success: true, message: 'Test notification sent', delivered });
  };

  readonly ticket = async ({ request }: Call<Operations['ticket']>): Promise<Reply> => {
    const credential = readCredential(request);
    if (credential === null) throw tokenProblem('TOKEN_MISSING');
    const { ticket, expiresAt } = await this.#tickets.issue(credential);
    return { status: 201, body: { success: true, ticket, expiresAt: expiresAt.toISOString() } };
  };
}
