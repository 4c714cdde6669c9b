import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { realtimeOperations } from '../schemas/realtime.schema.js';

type Operations = typeof realtimeOperations;

/** The open WebSocket connections, as used by HTTP handlers. */
export interface RealtimeConnections {
  /** Number of connections, of one user or of all. */
  connections(userId?: string): number;
  /** Sends a message to all connections of a user; returns their number. */
  notify(userId: string, message: string): number;
}

/** HTTP handlers about the WebSocket. */
export class RealtimeController {
  readonly #realtime: RealtimeConnections;

  constructor(realtime: RealtimeConnections) {
    this.#realtime = realtime;
  }

  readonly stats = async ({ principal }: Call<Operations['stats']>): Promise<Reply> => {
    const userConnections = this.#realtime.connections(principal.userId);
    // Only admins see the number of connections of the whole server.
    const totalConnections = principal.role === 'admin' ? this.#realtime.connections() : userConnections;
    return ok({ success: true, data: { totalConnections, userConnections } });
  };

  readonly test = async ({ principal, body }: Call<Operations['test']>): Promise<Reply> => {
    const delivered = this.#realtime.notify(principal.userId, body.message);
    return ok({ success: true, message: 'Test notification sent', delivered });
  };
}
