import { WebSocket, type ClientOptions } from 'ws';

/** A message of the server. */
export interface RealtimeMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A WebSocket client whose messages can be waited for, in order. */
export class RealtimeClient {
  readonly #socket: WebSocket;
  readonly #messages: RealtimeMessage[] = [];
  readonly #opened: Promise<void>;
  readonly #ended: Promise<number>;
  #waiting: (() => void)[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.#socket = new WebSocket(url, options);
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.once('open', () => resolve());
      this.#socket.once('error', reject);
    });
    this.#opened.catch(() => {});
    this.#socket.on('error', () => {});
    this.#ended = new Promise((resolve) => this.#socket.once('close', (code) => resolve(code)));
    this.#socket.on('message', (data) => {
      this.#messages.push(JSON.parse(String(data)) as RealtimeMessage);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  send(message: object): void {
    this.raw(JSON.stringify(message));
  }

  raw(data: string | Buffer): void {
    void this.#opened.then(
      () => this.#socket.send(data),
      () => {},
    );
  }

  /** The next message that has not been taken yet. */
  async any(): Promise<RealtimeMessage> {
    for (;;) {
      const message = this.#messages.shift();
      if (message) return message;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next message of a type; those of other types stay to be taken. */
  async next(type: string): Promise<RealtimeMessage> {
    for (;;) {
      const index = this.#messages.findIndex((message) => message.type === type);
      if (index >= 0) return this.#messages.splice(index, 1)[0];
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The code that the connection was closed with. */
  closed(): Promise<number> {
    return this.#ended;
  }

  /** Stops reading from the connection. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Sends a frame that is no message. */
  control(kind: 'ping' | 'pong'): void {
    void this.#opened.then(
      () => this.#socket[kind](),
      () => {},
    );
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
