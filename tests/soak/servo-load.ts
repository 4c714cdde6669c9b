import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WebSocket } from 'ws';
import {
  dataUrl,
  frameMessage,
  ServoApi,
  type ServerMessage,
  type VelocityMessage,
} from '../../clients/typescript/src/index.js';
import type { ApiClient } from '../../scripts/demo/api-client.js';
import { writeServoImages } from '../factories/images/servo-images.js';
import { descendants, type RunningStack } from '../support/running-stack.js';

const WATCHDOG_MS = 60_000;

/** Images that all sessions of a soak test use. */
export interface LoadImages {
  readonly goal: Uint8Array;
  readonly frames: readonly Uint8Array[];
  readonly goalDistance: number;
}

/** Renders a goal and frames of 640x480 as JPEGs. */
export async function loadImages(folder: string): Promise<LoadImages> {
  const { goal, frames, goalDistance } = await writeServoImages(folder);
  const read = async (file: string) => new Uint8Array(await readFile(file));
  return { goal: await read(goal), frames: await Promise.all(frames.map(read)), goalDistance };
}

/** Ids of the processes of servo engines. */
export const servoEngines = (stack: RunningStack): number[] =>
  stack.children().api.flatMap((pid) => descendants(pid, path.join('servo-engine', 'main.js')));

/** One answer and how long after its frame it came. */
interface LoadAnswer {
  readonly message: VelocityMessage;
  readonly ageMs: number;
  readonly at: number;
}

/** A session of live servoing whose client counts what it sends and hears. */
export class LoadSession {
  readonly #socket: WebSocket;
  readonly #images: LoadImages;
  readonly #sentAt = new Map<number, number>();
  readonly #closed: Promise<void>;
  /** Called for every answer. */
  onAnswer: (answer: LoadAnswer) => void = () => undefined;
  sent = 0;
  answered = 0;
  skipped = 0;
  /** Frames that were answered by an error. */
  failed = 0;
  /** Times of the last messages of these kinds; 0 before the first. */
  answeredAt = 0;
  interruptedAt = 0;
  /** Time of the first answer, or of the first one after the last interruption; infinite until then. */
  backAt = Infinity;
  isOpen = true;

  private constructor(
    readonly id: string,
    socket: WebSocket,
    images: LoadImages,
  ) {
    this.#socket = socket;
    this.#images = images;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString('utf8')) as ServerMessage));
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isOpen = false;
        resolve();
      });
    });
  }

  /** Opens a session and its stream. */
  static async open(
    client: ApiClient,
    images: LoadImages,
    { detector, maxFrames }: { readonly detector: string; readonly maxFrames: number },
  ): Promise<LoadSession> {
    const { baseUrl: url, accessToken: token } = client;
    const session = await new ServoApi({ url, token }).createSession(
      {
        goal: { image: dataUrl(images.goal) },
        detector,
        goalDistance: images.goalDistance,
        maxFrames,
        watchdogMs: WATCHDOG_MS,
      },
      { waitSeconds: 60 },
    );
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(session.streamUrl.replace('http', 'ws'), { headers });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return new LoadSession(session.id, socket, images);
  }

  /** Sends the next frame. */
  send(): void {
    if (!this.isOpen) return;
    const { frames } = this.#images;
    const bytes = frames[this.sent % frames.length];
    this.#sentAt.set(this.sent, performance.now());
    this.#socket.send(frameMessage({ format: 'jpeg', bytes }, this.sent));
    this.sent += 1;
  }

  /** Frames that nothing was heard of. */
  get pending(): number {
    return this.#sentAt.size;
  }

  /** Asks the server to end the session and waits until the connection is closed. */
  async end(): Promise<void> {
    if (this.isOpen) this.#socket.send(JSON.stringify({ type: 'end' }));
    await this.#closed;
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket.terminate();
  }

  #receive(message: ServerMessage): void {
    if (message.type === 'interrupted') {
      this.interruptedAt = performance.now();
      this.backAt = Infinity;
    }
    if (message.type === 'skipped' || message.type === 'velocity') this.#skip(message.skipped);
    if (message.type === 'error' && message.seq !== undefined && this.#sentAt.delete(message.seq))
      this.failed += 1;
    if (message.type !== 'velocity') return;
    const at = performance.now();
    const ageMs = at - (this.#sentAt.get(message.seq) ?? Number.NaN);
    this.#sentAt.delete(message.seq);
    this.answered += 1;
    this.answeredAt = at;
    this.backAt = Math.min(this.backAt, at);
    this.onAnswer({ message, ageMs, at });
  }

  #skip(ranges: VelocityMessage['skipped']): void {
    for (const [from, to] of ranges) {
      for (let sequence = from; sequence <= to; sequence += 1)
        if (this.#sentAt.delete(sequence)) this.skipped += 1;
    }
  }
}
