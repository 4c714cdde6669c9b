import { WebSocket } from 'ws';
import type { FrameFormat } from '../../src/domain/servo.js';
import { writeFrame } from '../../src/protocols/servo-stream/frame-message.js';
import { RealtimeClient } from './realtime-client.js';

/** Bytes that a fake engine takes for an image. */
export const FAKE_IMAGE = new Uint8Array([1, 2, 3]);
/** A goal that a fake engine accepts, as in the body of a new session. */
export const FAKE_GOAL = { image: Buffer.from(FAKE_IMAGE).toString('base64') };

/** A frame as a binary message. */
export function frameMessage(sequence: number, bytes = FAKE_IMAGE, format: FrameFormat = 'jpeg'): Buffer {
  const captureTimeMicros = BigInt(sequence) * 1000n;
  return Buffer.from(writeFrame({ format, sequence, captureTimeMicros, size: null, bytes }));
}

/** A session as the API shows it, as far as tests look. */
export interface ShownSession {
  readonly id: string;
  readonly status: string;
  readonly endReason: string | null;
  readonly jobId: string | null;
  readonly recordStopped: string | null;
  readonly streamUrl: string;
  readonly frames: { readonly answered: number; readonly skipped: number };
  readonly restarts: number;
  readonly cost: { readonly held: number; readonly captured: number };
}

/** Opens the stream of a session with a token in the header. */
export function openStream(url: string, token: string): RealtimeClient {
  return new RealtimeClient(url, { headers: { authorization: `Bearer ${token}` } });
}

/** Status, location and code of an upgrade that is refused. */
export async function refusedUpgrade(
  url: string,
  token: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; location: string | undefined; code: unknown }> {
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}`, ...headers } });
  return new Promise((resolve, reject) => {
    socket.once('open', () => reject(new Error('it was opened')));
    socket.once('error', () => undefined);
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('end', () => {
        const body = JSON.parse(text || '{}') as { code?: unknown };
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, code: body.code });
      });
    });
  });
}
