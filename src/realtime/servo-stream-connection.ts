import { z } from 'zod';
import type { Credential, WatchedCredential } from '../domain/credential.js';
import type { LiveServo, ServoAttachment, ServoClient, ServoEvent } from '../domain/servo-event.js';
import { malformedFrame } from '../domain/servo-frame.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';
import { tokenProblem } from '../errors/common-errors.js';
import { parseFrame, readFrameLabel } from '../protocols/servo-stream/frame-message.js';
import { errorMessage, eventMessage } from '../protocols/servo-stream/json-messages.js';
import type { ClientSocket, SocketSubject } from './client-socket.js';
import { authenticateMessage, CLOSE_CODES, credentialIn } from './event-map.js';
import { binaryAnswerOf } from './servo-binary-answer.js';

const MAX_TEXT_BYTES = 16 * 1024;
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
  /** Bytes of the image of one frame. */
  readonly maxFrameBytes: number;
  /** @throws AppError of the credential and of the session */
  admit(credential: Credential): Promise<AdmittedStream>;
  /** The session as the API shows it. */
  present(session: ServoSession): object;
}

/** One WebSocket that sends the frames of a session and gets its velocities. */
export class ServoStreamConnection implements ServoClient, SocketSubject {
  readonly #socket: ClientSocket;
  readonly #ports: ServoStreamPorts;
  /** Answers are binary instead of JSON. */
  readonly #binary: boolean;
  #attachment: ServoAttachment | null = null;
  /** Whether the session computes the tool's velocity. */
  #hasTool = false;

  constructor(socket: ClientSocket, ports: ServoStreamPorts, binary: boolean) {
    this.#socket = socket;
    this.#ports = ports;
    this.#binary = binary;
  }

  /** Starts to serve a client that was admitted by its upgrade request; others send a credential as first message. */
  begin(admitted: AdmittedStream): void {
    try {
      this.#begin(admitted);
    } catch (error) {
      this.#notAdmitted(error);
    }
  }

  readonly deliver = (event: ServoEvent): boolean => {
    if (!this.#socket.isOpen) return false;
    const answer = this.#binary ? binaryAnswerOf(event) : null;
    if (answer) this.#socket.send(answer);
    const inWords = answer === null || event.type === 'error' || event.type === 'interrupted';
    if (inWords) this.#send(eventMessage(event, (session) => this.#ports.present(session)));
    else if (event.type === 'velocity' && event.answer.skipped.length > 0)
      this.#send({ type: 'skipped', skipped: event.answer.skipped });
    if (event.type === 'ended') this.#socket.end(CLOSE.done, 'The session has ended.');
    return true;
  };

  replaced(): void {
    const message = 'Another connection took over the session.';
    this.#send(errorMessage(new AppError('SERVO_STREAM_REPLACED', { message })));
    this.#socket.end(CLOSE.replaced, 'Another connection took over.');
  }

  receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) return this.#receiveFrame(data);
    if (data.length > MAX_TEXT_BYTES) return this.#socket.end(CLOSE.tooBig, 'The text is too long.');
    this.#receiveText(data.toString('utf8'));
  }

  left(): void {
    this.#attachment?.detach();
    this.#attachment = null;
  }

  #begin({ live, credential }: AdmittedStream): void {
    this.#send({ type: 'session', session: this.#ports.present(live.session) });
    this.#attachment = live.attach(this);
    this.#hasTool = live.session.setup.handEye !== null;
    this.#socket.authenticated(credential);
  }

  #receiveFrame(bytes: Buffer): void {
    if (!this.#attachment) return this.#refuse(tokenProblem('TOKEN_MISSING'));
    try {
      const frame = parseFrame(bytes, { maxBytes: this.#ports.maxFrameBytes });
      // A binary answer would hold zeros, as if the tool had to stand still.
      if (this.#binary && frame.toolFrame && !this.#hasTool)
        throw malformedFrame(
          "flags (bytes 2-3) ask for the tool's velocity, but the session has no handEye.",
        );
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
    else this.#attachment.end().catch(this.#socket.fail);
  }

  #authenticate(credential: Credential): void {
    // Stops reading; clients send frames only after the `session` message.
    this.#socket.pause();
    this.#ports
      .admit(credential)
      .then((admitted) => {
        if (!this.#socket.isOpen) return;
        if (this.#attachment) this.#socket.authenticated(admitted.credential);
        else this.#begin(admitted);
        this.#socket.resume();
      })
      .catch(this.#notAdmitted);
  }

  readonly #notAdmitted = (error: unknown): void => {
    if (error instanceof AppError && error.kind !== 'internal') this.#refuse(error);
    else this.#socket.fail(error);
  };

  /** Says why the connection cannot go on. */
  #refuse(error: AppError): void {
    this.#send(errorMessage(error));
    const isCredential = error.kind === 'unauthenticated';
    this.#socket.end(isCredential ? CLOSE.badToken : CLOSE.refused, error.code);
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function readMessage(text: string): z.infer<typeof clientMessage> | undefined {
  try {
    return clientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
