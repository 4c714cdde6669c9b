import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

/** Options of a connection. */
type ConnectOptions = Partial<ManagerOptions & SocketOptions>;

/** A Socket.IO client of remote control whose events can be waited for, in order. */
export class RemoteClient {
  readonly socket: Socket;
  readonly #events: { readonly name: string; readonly data: unknown }[] = [];
  #wake: () => void = () => {};

  constructor(url: string, options: ConnectOptions) {
    this.socket = io(`${url}/remote-control`, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      ...options,
    });
    this.socket.onAny((name: string, data: unknown) => this.#add(name, data));
    for (const name of ['connect', 'connect_error', 'disconnect'])
      this.socket.on(name, (data: unknown) => this.#add(name, data));
  }

  #add(name: string, data: unknown): void {
    this.#events.push({ name, data });
    this.#wake();
  }

  /** The data of the next event of this name that fulfils `condition`; earlier ones of the name are dropped. */
  async next<Data = Record<string, unknown>>(
    name: string,
    condition: (data: Data) => boolean = () => true,
  ): Promise<Data> {
    for (;;) {
      const index = this.#events.findIndex((event) => event.name === name);
      if (index >= 0) {
        const [{ data }] = this.#events.splice(index, 1);
        if (condition(data as Data)) return data as Data;
      } else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Names of events that were received and not taken. */
  received(): string[] {
    return this.#events.map(({ name }) => name);
  }

  /** Sends an event and waits for its acknowledgement. */
  ask(name: string, ...data: unknown[]): Promise<unknown> {
    return this.socket.emitWithAck(name, ...data) as Promise<unknown>;
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Connects and waits until the server has accepted the client. */
export async function connectRemote(url: string, options: ConnectOptions): Promise<RemoteClient> {
  const client = new RemoteClient(url, options);
  await client.next('connect');
  return client;
}
