import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { realtimeOperations } from '../schemas/realtime.schema.js';

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

  constructor(realtime: RealtimeConnections) {
    this.#realtime = realtime;
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
}
