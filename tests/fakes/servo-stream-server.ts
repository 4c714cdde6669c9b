import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** A frame as a fake server reads it off the wire, byte by byte. */
export interface SeenFrame {
  readonly version: number;
  readonly format: number;
  readonly flags: number;
  readonly sequence: number;
  readonly captureTimeMicros: bigint;
  readonly rest: Buffer;
}

/** A stream's other end that says what the test tells it to. */
export class ServoStreamServer {
  readonly #server: WebSocketServer;
  readonly frames: SeenFrame[] = [];
  readonly texts: unknown[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** Open connections, the newest one last. */
  readonly sockets: WebSocket[] = [];
  /** Called with every frame. */
  onFrame: (frame: SeenFrame, socket: WebSocket) => void = () => undefined;
  #listeners: (() => void)[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on('connection', (socket, request) => {
      this.authorizations.push(request.headers.authorization);
      this.sockets.push(socket);
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) this.#take(data, socket);
        else this.texts.push(JSON.parse(data.toString('utf8')));
        this.#notify();
      });
      this.#notify();
    });
  }

  static async start(port = 0): Promise<ServoStreamServer> {
    const server = new WebSocketServer({ port, host: '127.0.0.1' });
    await once(server, 'listening');
    return new ServoStreamServer(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/api/servo/sessions/1/stream`;
  }

  /** Says something to the newest connection. */
  say(message: unknown): void {
    this.sockets.at(-1)?.send(JSON.stringify(message));
  }

  /** Resolves as soon as the condition holds after something came. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#listeners.push(resolve));
  }

  /** Cuts all connections and stops listening. */
  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(data: Buffer, socket: WebSocket): void {
    const frame = {
      version: data.readUInt8(0),
      format: data.readUInt8(1),
      flags: data.readUInt16LE(2),
      sequence: data.readUInt32LE(4),
      captureTimeMicros: data.readBigUInt64LE(8),
      rest: data.subarray(16),
    };
    this.frames.push(frame);
    this.onFrame(frame, socket);
  }

  #notify(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/** An answer as the server words it. */
export const velocityMessage = (seq: number, velocity: readonly number[], more: object = {}): object => ({
  type: 'velocity',
  seq,
  captureTimeUs: '0',
  velocity,
  velocityTool: null,
  status: 'tracking',
  reason: null,
  keypoints: 200,
  matches: 100,
  inliers: 80,
  error: 0.1,
  confidence: 0.9,
  timingsMs: { queue: 0, decode: 1, detect: 2, match: 3, network: 4, total: 10 },
  skipped: [],
  ...more,
});
