import WebSocket from 'ws';
import { frameMessage, type Frame } from './frame-message.js';
import { LatestFrame } from './latest-frame.js';
import { ZERO_VELOCITY, type ServerMessage, type Velocity, type VelocityMessage } from './messages.js';
import { readProblem } from './servo-api.js';

/** Why a camera is told to stand still without an answer of its own. */
export type StopReason = 'timeout' | 'interrupted' | 'disconnected' | 'error' | 'ended';

/** What the camera is to do now. */
export interface Command {
  /** Zeros whenever nothing better is known. */
  readonly velocity: Velocity;
  /** The same for the tool; null without `handEye`. */
  readonly velocityTool: Velocity | null;
  /** `tracking`, `weak`, `lost` and `arrived` come with an answer. */
  readonly status: VelocityMessage['status'] | StopReason;
  readonly answer: VelocityMessage | null;
}

/** What a stream is opened with. */
export interface ServoStreamOptions {
  /** `streamUrl` of the session, or the path of it with the server's base URL. */
  readonly url: string;
  readonly token: string;
  /** Every velocity, those that stop the camera among them. What it throws ends the stream with zeros; see `done`. */
  readonly onCommand: (command: Command) => void;
  /** Everything that the server says. */
  readonly onMessage?: (message: ServerMessage) => void;
  /** Seconds for which a lost connection is opened again: the session's `idleTimeout`. */
  readonly reconnectSeconds?: number;
  /** A velocity that is older than this is replaced by zero: the network may be gone without a word. */
  readonly staleMs?: number;
  /** Silence of the server, which answers pings, after which the connection counts as lost; 5 seconds unless set. */
  readonly silenceMs?: number;
}

/** Bytes on their way below which the next frame is sent. */
const CLEAR_BYTES = 0;
const DRAIN_MS = 2;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;
const SILENCE_MS = 5000;
const MAX_UNANSWERED = 4;
/**
 * Close codes after which another attempt would end the same way: bad token, frame too large, no such session, token
 * expired, replaced by another connection, too many messages.
 */
const FINAL_CODES = [1008, 1009, 4400, 4401, 4409, 4429];

/**
 * The stream of a session: frames in, velocities out. Of frames that cannot be sent at once only the newest is kept. A
 * lost connection is opened again; the camera is told to stand still meanwhile.
 */
export class ServoStream {
  readonly #options: ServoStreamOptions;
  readonly #latest = new LatestFrame();
  #url: URL;
  #socket: WebSocket | null = null;
  #sequence = 0;
  #ending = false;
  #closed = false;
  #lostAt: number | null = null;
  #retries = 0;
  #timer: NodeJS.Timeout | undefined;
  #drain: NodeJS.Timeout | undefined;
  #stale: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #moving = false;
  #error: Error | null = null;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  /**
   * Settles when the session has ended or {@link close} was called; rejects when it cannot be reached any more, and with
   * what a callback has thrown.
   */
  readonly done: Promise<void>;

  constructor(options: ServoStreamOptions) {
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who does not wait for the end is told by a last command.
    this.done.catch(() => undefined);
    this.#url = new URL(options.url);
    this.#url.protocol = this.#url.protocol.replace('http', 'ws');
    this.#connect();
  }

  /** Frames that were replaced by newer ones before they left this process. */
  get dropped(): number {
    return this.#latest.dropped;
  }

  /** Sends a frame as soon as the connection has room for it. @returns its sequence number */
  send(frame: Frame): number {
    const sequence = this.#sequence;
    this.#sequence = (this.#sequence + 1) % 2 ** 32;
    this.#latest.put(frameMessage(frame, sequence));
    this.#flush();
    return sequence;
  }

  /** Asks the server to end the session, as soon as there is a connection; {@link done} settles when it has. */
  end(): void {
    this.#ending = true;
    this.#sendEnd();
  }

  /** Closes the connection; the session waits for another one for its idle time. */
  close(): void {
    this.#finish(null);
  }

  #connect(): void {
    const headers = { authorization: `Bearer ${this.#options.token}` };
    const handshakeTimeout = this.#silenceMs;
    const socket = new WebSocket(this.#url, ['infernode.servo.json'], { headers, handshakeTimeout });
    this.#socket = socket;
    socket.on('open', () => {
      this.#lostAt = null;
      this.#retries = 0;
      this.#watch(socket);
      if (this.#ending) this.#sendEnd();
      else this.#flush();
    });
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) this.#guard(() => this.#read(data.toString('utf8')));
    });
    socket.on('unexpected-response', (request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        request.destroy();
        const { statusCode: status = 0, headers } = response;
        const body = Buffer.concat(parts).toString('utf8');
        this.#guard(() => this.#refused(status, headers.location, body));
      });
    });
    // A close follows, which says what to do.
    socket.on('error', () => undefined);
    socket.on('close', (code, reason) => this.#lost(code, reason.toString('utf8')));
  }

  get #silenceMs(): number {
    return this.#options.silenceMs ?? SILENCE_MS;
  }

  /**
   * A network that is gone without a word closes nothing; only pings without an answer show it. Counted in pings, not in
   * time: a process that was busy for long has not read the answers yet.
   */
  #watch(socket: WebSocket): void {
    let unanswered = 0;
    const heard = (): void => void (unanswered = 0);
    socket.on('message', heard).on('pong', heard);
    this.#pinging = setInterval(() => {
      if (++unanswered > MAX_UNANSWERED) socket.terminate();
      else socket.ping();
    }, this.#silenceMs / MAX_UNANSWERED);
  }

  #read(text: string): void {
    const message = JSON.parse(text) as ServerMessage;
    this.#options.onMessage?.(message);
    // Also for messages that were on their way when the stream was closed.
    if (this.#closed) return;
    switch (message.type) {
      case 'velocity':
        return this.#move(message);
      case 'timeout':
      case 'interrupted':
      case 'error':
        return this.#stop(message.type);
      case 'ended':
        return this.#finish(null);
      default:
    }
  }

  #move(answer: VelocityMessage): void {
    const { velocity, velocityTool, status } = answer;
    this.#moving = velocity.some((value) => value !== 0);
    clearTimeout(this.#stale);
    const { staleMs = 1000 } = this.#options;
    if (this.#moving) this.#stale = setTimeout(() => this.#stop('timeout'), staleMs);
    this.#command({ velocity, velocityTool, status, answer });
  }

  /** Tells the camera to stand still; once for each reason to. */
  #stop(status: StopReason): void {
    clearTimeout(this.#stale);
    if (!this.#moving && status === 'timeout') return;
    this.#moving = false;
    this.#command({ velocity: ZERO_VELOCITY, velocityTool: null, status, answer: null });
  }

  #command(command: Command): void {
    this.#guard(() => this.#options.onCommand(command));
  }

  /** What is thrown in an event or a timer would end the process, with the camera on its last velocity. */
  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#finish(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #sendEnd(): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: 'end' }));
  }

  #flush(): void {
    clearTimeout(this.#drain);
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > CLEAR_BYTES) {
      this.#drain = setTimeout(() => this.#flush(), DRAIN_MS);
      return;
    }
    const message = this.#latest.take();
    if (message !== null) socket.send(message);
  }

  #refused(status: number, location: string | undefined, body: string): void {
    const problem = readProblem(body);
    if (status >= 300 && status < 400 && location !== undefined) {
      const url = new URL(location, this.#url);
      url.protocol = url.protocol.replace('http', 'ws');
      // The token is not sent in the clear because a server says so.
      if (this.#url.protocol === 'wss:' && url.protocol !== 'wss:')
        return this.#finish(new Error(`redirected from wss to ${url.href}`));
      this.#url = url;
      return this.#lost(0, 'lives on another instance');
    }
    // What the client did wrong stays wrong; a server that is starting or busy does not stay so.
    if (status >= 400 && status < 500 && status !== 408 && status !== 429)
      return this.#finish(
        new Error(problem ? `${problem.code}: ${problem.detail}` : `refused with ${status}`),
      );
    this.#lost(0, `refused with ${status}`);
  }

  #lost(code: number, reason: string): void {
    if (this.#closed) return;
    clearInterval(this.#pinging);
    this.#socket?.removeAllListeners();
    this.#socket?.on('error', () => undefined);
    this.#socket = null;
    this.#stop('disconnected');
    // The callback may have closed the stream.
    if (this.#closed) return;
    if (FINAL_CODES.includes(code)) return this.#finish(new Error(`closed with ${code}: ${reason}`));
    this.#lostAt ??= performance.now();
    const { reconnectSeconds = 60 } = this.#options;
    if (performance.now() - this.#lostAt > 1000 * reconnectSeconds)
      return this.#finish(new Error(`no connection for ${reconnectSeconds} s: ${reason || `code ${code}`}`));
    const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries++);
    this.#timer = setTimeout(() => this.#guard(() => this.#connect()), wait);
  }

  #finish(error: Error | null): void {
    this.#error ??= error;
    if (this.#closed) return;
    // First, since the callback may close the stream.
    this.#closed = true;
    this.#stop('ended');
    clearTimeout(this.#timer);
    clearTimeout(this.#drain);
    clearInterval(this.#pinging);
    this.#socket?.close(1000);
    if (this.#error === null) this.#resolve();
    else this.#reject(this.#error);
  }
}
