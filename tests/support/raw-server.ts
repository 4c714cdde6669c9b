import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server of bytes on the loopback. */
export interface RawServer {
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Starts a server that speaks no HTTP by itself; its connections stay half open until it ends them. */
export async function rawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
    await once(server, 'close');
  };
  return { close, port: (server.address() as AddressInfo).port };
}
