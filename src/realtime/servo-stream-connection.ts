import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { Credential, WatchedCredential } from '../domain/credential.js';
import type { LiveServo, ServoAttachment, ServoClient, ServoEvent } from '../domain/servo-event.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';
import { tokenProblem } from '../errors/common-errors.js';
import { guarded } from '../errors/guarded.js';
import type { Logger } from '../logging/logger.js';
import { parseFrame, readFrameLabel } from '../protocols/servo-stream/frame-message.js';
import { errorMessage, eventMessage } from '../protocols/servo-stream/json-messages.js';
import type { CredentialChanges } from './credential-changes.js';
import { CredentialWatch } from './credential-watch.js';
import { authenticateMessage, CLOSE_CODES, credentialIn } from './event-map.js';
import { MessageBudget } from './message-budget.js';
import { binaryAnswerOf } from './servo-binary-answer.js';

const SILENCE_MS = 5000;
const CLOSE_GRACE_MS = 1000;
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_TEXT_BYTES = 16 * 1024;
/** Messages of any kind; no camera is faster. */
const BUDGET = { burst: 1000, perSecond: 500 };
const CLOSE = { ...CLOSE_CODES, done: 1000, tooBig: 1009, refused: 4400, replaced: 4409 } as const;

const clientMessage = z.discriminatedUnion('type', [
  authenticateMessage,
  z.strictObject({ type: z.literal('end') }),
  z.strictObject({ type: z.literal('ping') }),
]);

/** A client that may send frames. */
export interface AdmittedStream {
  readonly live: LiveServo;
  readonly credential: WatchedCredential;
}

/** What a connection asks of the rest of the system. */
export interface ServoStreamPorts {
  readonly logger: Logger;
  /** Bytes of the image of one frame. */
  readonly maxFrameBytes: number;
  readonly changes: CredentialChanges;
  /** @throws AppError of the credential and of the session */
  admit(credential: Credential): Promise<AdmittedStream>;
  /** The session as the API shows it. */
  present(session: ServoSession): object;
}

/** How a connection begins. */
export interface ServoStreamStart {
  /** Null for a client that sends its credential as first message. */
  readonly admitted: AdmittedStream | null;
  readonly binary: boolean;
}

/** One WebSocket that sends the frames of a session and gets its velocities. */
export class ServoStreamConnection implements ServoClient {
  readonly #socket: WebSocket;
  readonly #ports: ServoStreamPorts;
  readonly #binary: boolean;
  readonly #budget = new MessageBudget(BUDGET);
  readonly #watch: CredentialWatch;
  #attachment: ServoAttachment | null = null;
  #silence: NodeJS.Timeout | undefined;
  #ended = false;
  /** Cleared before each ping, set by the pong. */
  alive = true;

  constructor(socket: WebSocket, ports: ServoStreamPorts, { admitted, binary }: ServoStreamStart) {
    this.#socket = socket;
    this.#ports = ports;
    this.#binary = binary;
    const failed = (error: unknown): void => this.#breakOff(error);
    this.#watch = new CredentialWatch({
      changes: ports.changes,
      onEnd: () => this.#close(CLOSE.notAuthenticated, 'The credential has expired or was revoked.'),
      onError: failed,
    });
    const on = <Values extends unknown[]>(event: string, listener: (...values: Values) => unknown) =>
      socket.on(event, guarded(failed, listener));
    on('message', (data: RawData, isBinary: boolean) => this.#receive(data, isBinary));
    on('ping', (data: Buffer) => this.#answerPing(data));
    on('pong', () => {
      this.alive = true;
      this.#admitMessage();
    });
    on('close', () => this.#cleanUp());
    socket.on('error', (error) => ports.logger.debug('A stream of frames broke', { err: error }));
    if (admitted) guarded(this.#notAdmitted, () => this.#begin(admitted))();
    else {
      this.#silence = setTimeout(
        guarded(failed, () => this.#close(CLOSE.notAuthenticated, 'No authentication came.')),
        SILENCE_MS,
      );
    }
  }

  readonly deliver = (event: ServoEvent): boolean => {
    if (this.#ended || this.#socket.readyState !== this.#socket.OPEN) return false;
    const answer = this.#binary ? binaryAnswerOf(event) : null;
    if (answer) this.#write(answer);
    const inWords = answer === null || event.type === 'error' || event.type === 'interrupted';
    if (inWords) this.#send(eventMessage(event, (session) => this.#ports.present(session)));
    else if (event.type === 'velocity' && event.answer.skipped.length > 0)
      this.#send({ type: 'skipped', skipped: event.answer.skipped });
    if (event.type === 'ended') this.#close(CLOSE.done, 'The session has ended.');
    return true;
  };

  replaced(): void {
    const message = 'Another connection took over the session.';
    this.#send(errorMessage(new AppError('SERVO_STREAM_REPLACED', { message })));
    this.#close(CLOSE.replaced, 'Another connection took over.');
  }

  /** Pings, or cuts a connection whose last ping was not answered. */
  heartbeat(): void {
    if (!this.alive) {
      this.#socket.terminate();
      return;
    }
    this.alive = false;
    this.#socket.ping();
  }

  /** The server stops; the client connects elsewhere or gives up. */
  goAway(): void {
    this.#close(CLOSE.goingAway, 'The server is going away.');
  }

  #begin({ live, credential }: AdmittedStream): void {
    clearTimeout(this.#silence);
    this.#send({ type: 'session', session: this.#ports.present(live.session) });
    this.#attachment = live.attach(this);
    this.#watch.watch(credential);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended || !this.#admitMessage()) return;
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (isBinary) return this.#receiveFrame(bytes);
    if (bytes.length > MAX_TEXT_BYTES) return this.#close(CLOSE.tooBig, 'The text is too long.');
    this.#receiveText(bytes.toString('utf8'));
  }

  #receiveFrame(bytes: Buffer): void {
    if (!this.#attachment) return this.#refuse(tokenProblem('TOKEN_MISSING'));
    try {
      const frame = parseFrame(bytes, { maxBytes: this.#ports.maxFrameBytes });
      this.#attachment.offer(frame);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const label = readFrameLabel(bytes);
      if (label) this.deliver({ type: 'error', error, ...label });
      else this.#send(errorMessage(error));
    }
  }

  #receiveText(text: string): void {
    const message = readMessage(text);
    if (!message) {
      const problem = 'The message is none of authenticate, end and ping, as JSON.';
      this.#send(errorMessage(new AppError('BAD_MESSAGE', { message: problem })));
    } else if (message.type === 'ping') this.#send({ type: 'pong', timestamp: new Date().toISOString() });
    else if (message.type === 'authenticate') this.#authenticate(credentialIn(message));
    else if (!this.#attachment) this.#refuse(tokenProblem('TOKEN_MISSING'));
    else this.#attachment.end().catch((error: unknown) => this.#breakOff(error));
  }

  #authenticate(credential: Credential): void {
    // Stops reading; clients send frames only after the `session` message.
    this.#socket.pause();
    this.#ports
      .admit(credential)
      .then((admitted) => {
        if (this.#ended || this.#socket.readyState !== this.#socket.OPEN) return;
        if (this.#attachment) this.#watch.watch(admitted.credential);
        else this.#begin(admitted);
        this.#socket.resume();
      })
      .catch(this.#notAdmitted);
  }

  readonly #notAdmitted = (error: unknown): void => {
    if (error instanceof AppError && error.kind !== 'internal') this.#refuse(error);
    else this.#breakOff(error);
  };

  /** Says why the connection cannot go on. */
  #refuse(error: AppError): void {
    this.#send(errorMessage(error));
    const isCredential = error.kind === 'unauthenticated';
    this.#close(isCredential ? CLOSE.badToken : CLOSE.refused, error.code);
  }

  /** Whether one more message of any kind is allowed; a flood ends the connection. */
  #admitMessage(): boolean {
    if (this.#ended) return false;
    if (this.#budget.take()) return true;
    this.#close(CLOSE.flood, 'Too many messages.');
    return false;
  }

  #answerPing(data: Buffer): void {
    if (!this.#admitMessage() || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.pong(data);
    this.#cutIfUnread();
  }

  #send(message: object): void {
    this.#write(JSON.stringify(message));
  }

  #write(message: string | Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(message);
    this.#cutIfUnread();
  }

  #cutIfUnread(): void {
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) this.#socket.terminate();
  }

  #close(code: number, reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#letGo();
    this.#socket.close(code, reason);
    // A client that goes on sending instead of closing is cut off.
    setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  /** A listener of this connection failed: its state is unknown, so it ends. */
  #breakOff(error: unknown): void {
    this.#ports.logger.error('A stream of frames failed', { err: error });
    this.#socket.terminate();
  }

  #letGo(): void {
    clearTimeout(this.#silence);
    this.#watch.stop();
    this.#attachment?.detach();
    this.#attachment = null;
  }

  #cleanUp(): void {
    this.#ended = true;
    this.#letGo();
  }
}

function readMessage(text: string): z.infer<typeof clientMessage> | undefined {
  try {
    return clientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
