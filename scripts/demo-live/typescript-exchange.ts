import { dataUrl, ServoApi, ServoStream, type Command } from '../../clients/typescript/src/index.js';
import type { ApiClient } from '../demo/api-client.js';
import type { CameraModel } from '../render/rasteriser.js';
import type { DriveAnswer, FrameExchange, OpenExchange } from './drive.js';

/** What all sessions of the demo have in common. */
export interface DemoSessionOptions {
  readonly client: ApiClient;
  readonly model: CameraModel;
  readonly detector: string;
  /** Frames of one run at most. */
  readonly maxFrames: number;
}

/** Rendering is slower than a camera, and the demo's time is that of the frames. */
export const DEMO_WATCHDOG_MS = 30_000;

/** Sessions by the TypeScript client. */
export function typescriptExchange({ client, model, detector, maxFrames }: DemoSessionOptions): OpenExchange {
  const { baseUrl: url, accessToken: token } = client;
  const api = new ServoApi({ url, token });
  return async (goal, { truth }) => {
    const request = {
      goal: { image: dataUrl(goal) },
      detector,
      intrinsics: model.intrinsics,
      goalDistance: truth.goalDistance,
      maxFrames,
      watchdogMs: DEMO_WATCHDOG_MS,
    };
    const session = await api.createSession(request, { waitSeconds: 30 });
    return new StreamExchange(new URL(session.streamUrl, url).href, token);
  };
}

/** One stream with one frame under way. */
class StreamExchange implements FrameExchange {
  readonly #stream: ServoStream;
  #waiting: { readonly sequence: number; readonly resolve: (answer: DriveAnswer | null) => void } | null =
    null;

  constructor(url: string, token: string) {
    const onCommand = (command: Command): void => this.#take(command);
    this.#stream = new ServoStream({ url, token, onCommand, staleMs: DEMO_WATCHDOG_MS });
  }

  async ask(jpeg: Uint8Array, captureTimeMicros: bigint): Promise<DriveAnswer | null> {
    const answer = new Promise<DriveAnswer | null>((resolve) => {
      const sequence = this.#stream.send({ format: 'jpeg', bytes: jpeg, captureTimeMicros });
      this.#waiting = { sequence, resolve };
    });
    return Promise.race([
      answer,
      this.#stream.done.then(() => Promise.reject(new Error('the session ended'))),
    ]);
  }

  async close(): Promise<void> {
    this.#stream.end();
    await this.#stream.done;
  }

  #take({ status, answer }: Command): void {
    // The demo's time stands still while a frame is computed, so silence means nothing.
    if (status === 'timeout' || status === 'ended') return;
    if (answer !== null && answer.seq !== this.#waiting?.sequence) return;
    this.#waiting?.resolve(answer);
    this.#waiting = null;
  }
}
