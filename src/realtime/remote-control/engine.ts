import { Server as Engine, type Socket as EngineSocket } from 'engine.io';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import { guarded, type ListenerErrorHandler } from '../../errors/guarded.js';
import { CLOSE_GRACE_MS, HEARTBEAT_MS, MAX_UNREAD_BYTES } from '../connection-limits.js';
import { MessageBudget } from '../message-budget.js';

const MAX_MESSAGE_BYTES = 16 * 1024;
const MAX_FRAGMENTS = 64;
/** Time within which a client must answer a heartbeat. */
const PONG_MS = 20_000;
const UPGRADE_MS = 10_000;
const BODY_MS = 30_000;
/** Packets of a connection: events, answers to heartbeats and everything else. */
const PACKET_BUDGET = { burst: 200, perSecond: 50 };
const PING_BUDGET = { burst: 20, perSecond: 2 };
/** Packets that may wait for a client that does not read. */
const MAX_PENDING_PACKETS = 1000;

/** A WebSocket server that limits what the library does not: fragments of a message, and pings. */
const limitedServer = (open: Set<WebSocket>) =>
  class extends WebSocketServer {
    constructor(options: ServerOptions) {
      super({ ...options, maxFragments: MAX_FRAGMENTS, autoPong: false, perMessageDeflate: false });
    }

    override handleUpgrade(...given: Parameters<WebSocketServer['handleUpgrade']>): void {
      const [request, socket, head, onOpen] = given;
      super.handleUpgrade(request, socket, head, (client) => {
        open.add(client);
        client.once('close', () => open.delete(client));
        answerPings(client);
        onOpen(client, request);
      });
    }
  };

function answerPings(client: WebSocket): void {
  const budget = new MessageBudget(PING_BUDGET);
  client.on(
    'ping',
    guarded(
      () => client.terminate(),
      (data: Buffer) => {
        if (!budget.take() || client.bufferedAmount > MAX_UNREAD_BYTES) client.terminate();
        else client.pong(data);
      },
    ),
  );
}

/** Closes a connection that sends too many packets, or does not read those for it. */
function limitPackets(socket: EngineSocket, onError: ListenerErrorHandler): void {
  const budget = new MessageBudget(PACKET_BUDGET);
  let pending = 0;
  socket.on(
    'packet',
    guarded(onError, () => {
      if (!budget.take()) socket.close(true);
    }),
  );
  socket.on(
    'packetCreate',
    guarded(onError, () => {
      pending += 1;
      if (pending > MAX_PENDING_PACKETS) socket.close(true);
    }),
  );
  socket.on('flush', () => (pending = 0));
}

/** The transport of Socket.IO. */
export interface RemoteEngine {
  readonly engine: Engine;
  /** Waits until all WebSockets are closed, and cuts those that do not answer. */
  closed(): Promise<void>;
}

/** Creates the transport of Socket.IO, which gets its requests and upgrades from the server's own handlers. */
export function createEngine(onError: ListenerErrorHandler): RemoteEngine {
  const open = new Set<WebSocket>();
  const engine = new Engine({
    transports: ['polling', 'websocket'],
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    pingInterval: HEARTBEAT_MS,
    pingTimeout: PONG_MS,
    upgradeTimeout: UPGRADE_MS,
    httpRequestBodyTimeout: BODY_MS,
    perMessageDeflate: false,
    httpCompression: false,
    wsEngine: limitedServer(open),
  });
  engine.on(
    'connection',
    guarded(onError, (socket: EngineSocket) => limitPackets(socket, onError)),
  );
  return {
    engine,
    closed: async () => {
      const cut = setTimeout(() => open.forEach((client) => client.terminate()), CLOSE_GRACE_MS);
      await Promise.all([...open].map((client) => new Promise((resolve) => client.once('close', resolve))));
      clearTimeout(cut);
    },
  };
}
