import type { z } from 'zod';
import type {
  Problem,
  ServerMessage,
  SessionView,
  VelocityMessage,
} from '../../../clients/typescript/src/index.js';
import { FRAME_FORMATS, frameMessage } from '../../../clients/typescript/src/index.js';
import { AppError } from '../../../src/errors/app-error.js';
import { errorMessage, eventMessage } from '../../../src/protocols/servo-stream/json-messages.js';
import { parseFrame } from '../../../src/protocols/servo-stream/frame-message.js';
import { FRAME_FORMATS as SERVER_FORMATS } from '../../../src/domain/servo.js';
import type { servoSession, servoVelocity } from '../../../src/schemas/servo-answer.schema.js';

/** True where everything of the server's type fits into the client's. */
type Fits<Server, Client> = Server extends Client ? true : never;
/** Zod knows no tuples of six numbers here. */
type Untupled<Message> = Omit<Message, 'velocity' | 'velocityTool' | 'skipped'>;

describe('the messages of the TypeScript client', () => {
  it('have the types of the schemas that the server documents', () => {
    // Checked by the compiler: a field that the schema lacks or has otherwise does not compile.
    const session: Fits<z.infer<typeof servoSession>, SessionView> = true;
    const velocity: Fits<Untupled<z.infer<typeof servoVelocity>>, Untupled<VelocityMessage>> = true;
    const fields: Record<keyof VelocityMessage, true> = {} as Record<
      keyof z.infer<typeof servoVelocity>,
      true
    >;
    expect([session, velocity, fields]).toEqual([true, true, {}]);
  });

  it('name every event of the server', () => {
    const types: Record<ServerMessage['type'], true> = {
      session: true,
      velocity: true,
      skipped: true,
      timeout: true,
      interrupted: true,
      resumed: true,
      error: true,
      ended: true,
    };
    const silent = eventMessage({ type: 'timeout', silentMs: 500.4 }, () => ({}));
    expect(silent).toEqual({
      type: 'timeout',
      velocity: [0, 0, 0, 0, 0, 0],
      status: 'timeout',
      silentMs: 500,
    });
    const refused = errorMessage(new AppError('FRAME_MALFORMED', { message: 'no image' }), 7);
    const problem: Problem = refused.error;
    expect(problem).toMatchObject({ code: 'FRAME_MALFORMED', detail: 'no image' });
    expect(Object.keys(types)).toContain(refused.type);
  });

  it('write frames that the server reads', () => {
    expect(FRAME_FORMATS).toEqual(SERVER_FORMATS);
    const frame = { format: 'gray8', size: { width: 2, height: 1 }, bytes: Uint8Array.of(7, 8) } as const;
    const message = frameMessage({ ...frame, captureTimeMicros: 99n, toolFrame: true }, 4_294_967_295);
    expect(parseFrame(message, { maxBytes: 100 })).toEqual({
      ...frame,
      sequence: 4_294_967_295,
      captureTimeMicros: 99n,
      toolFrame: true,
    });
  });
});
