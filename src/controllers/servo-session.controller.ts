import type { Request } from 'express';
import { servoSessionPath } from '../domain/api-paths.js';
import type { ServoSession } from '../domain/servo-session.js';
import { AppError } from '../errors/app-error.js';
import type { Call } from '../middlewares/endpoint.js';
import { disconnectSignal } from '../middlewares/disconnect-signal.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, HANDLED, ok, type Reply } from '../middlewares/reply.js';
import { velocityMessage } from '../protocols/servo-stream/json-messages.js';
import type { ServoWatchers } from '../realtime/servo-watchers.js';
import type { servoOperations } from '../schemas/servo.schema.js';
import { SessionElsewhere } from '../services/servo-errors.js';
import type { ServoSessionService } from '../services/servo-session.service.js';
import type { UserService } from '../services/user.service.js';
import { nextLink } from './next-link.js';
import { presentQuote } from './quote.presenter.js';
import { readPostedFrame } from './servo-frame-input.js';
import { readGoal, readSetup } from './servo-input.js';
import { presentServoSession } from './servo-session.presenter.js';

type Operations = typeof servoOperations;

/** What the controller uses. */
export interface ServoSessionControllerDeps {
  readonly servo: ServoSessionService;
  readonly users: Pick<UserService, 'balance'>;
  readonly watchers: ServoWatchers;
  /** Base URL of a session's instance for the client of a request. */
  readonly baseOf: (session: ServoSession, request: Request) => string;
  /** Bytes of the image of a frame. */
  readonly maxFrameBytes: number;
}

/** HTTP side of live servoing. */
export class ServoSessionController {
  readonly #deps: ServoSessionControllerDeps;

  constructor(deps: ServoSessionControllerDeps) {
    this.#deps = deps;
  }

  readonly open = async (call: Call<Operations['open']>): Promise<Reply> => {
    const { body, query, principal, response, request } = call;
    const { servo, users } = this.#deps;
    const setup = readSetup(body);
    const goal = await readGoal(call);
    if (query.dryRun) {
      const balance = await users.balance(principal.userId);
      const { maxFrames, record } = body;
      return ok(presentQuote(await servo.quote({ principal, goal, setup, maxFrames, record }), balance));
    }
    const answer = new IdempotentReply(call.receipt, (session: ServoSession) =>
      created(this.#present(session, request), servoSessionPath(session.id)),
    );
    const session = await servo
      .open({
        principal,
        goal,
        setup,
        idleTimeoutMs: Math.round(body.idleTimeout * 1000),
        watchdogMs: body.watchdogMs,
        maxFrames: body.maxFrames,
        record: body.record,
        waitMs: Math.round(query.wait * 1000),
        signal: disconnectSignal(response),
        kept: answer.record,
      })
      .catch((error: unknown) => {
        throw placedError(error, body);
      });
    return answer.of(session);
  };

  readonly list = async ({ principal, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { rows, nextCursor } = await this.#deps.servo.list(principal, query);
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    const data = rows.map((session) => this.#present(session, request).session);
    return ok({ data, nextCursor, hasMore: nextCursor !== null }, headers);
  };

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> =>
    ok(this.#present(await this.#deps.servo.get(params.id, principal), request));

  readonly close = async ({ principal, params, request }: Call<Operations['close']>): Promise<Reply> =>
    here(request, async () => ok(this.#present(await this.#deps.servo.close(params.id, principal), request)));

  readonly step = async (call: Call<Operations['step']>): Promise<Reply> => {
    const { principal, params, query, body, request, response } = call;
    return here(request, async () => {
      const live = await this.#deps.servo.requireLive(params.id, principal);
      const frame = readPostedFrame(
        {
          type: (request.get('content-type') ?? '').split(';')[0].trim().toLowerCase(),
          bytes: body,
          sequence: query.seq ?? live.progress.framesAnswered,
          captureTimeMicros: BigInt(query.captureTimeUs ?? 0),
        },
        this.#deps.maxFrameBytes,
      );
      return ok(velocityMessage(await live.step(frame, disconnectSignal(response))));
    });
  };

  readonly watch = async (call: Call<Operations['watch']>): Promise<Reply | typeof HANDLED> => {
    const { principal, credential, params, request, response } = call;
    return here<typeof HANDLED>(request, async () => {
      const live = await this.#deps.servo.requireLive(params.id, principal);
      await this.#deps.watchers.follow(response, {
        credential,
        live,
        present: (session) => this.#present(session, request).session,
      });
      return HANDLED;
    });
  };

  #present(session: ServoSession, request: Request) {
    return { session: presentServoSession(session, (own) => this.#deps.baseOf(own, request)) };
  }
}

/** Answers a request about a session of another instance with its address there. */
async function here<Answer>(request: Request, work: () => Promise<Answer>): Promise<Answer | Reply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SessionElsewhere)) throw error;
    return { status: 307, headers: { Location: `${error.instanceUrl}${request.originalUrl}` } };
  }
}

/** Codes of what is wrong with the goal, whose messages come from where nobody knows its place in the request. */
const ABOUT_GOAL = /^(PICTURE|GOAL|FRAME)_/;
/** Codes of a camera that is not that of the goal. */
const ABOUT_CAMERA: readonly string[] = ['INTRINSICS_IMPLAUSIBLE', 'FRAME_SIZE_MISMATCH'];

function placedError(error: unknown, { cameraInfo }: { readonly cameraInfo?: unknown }): unknown {
  if (!(error instanceof AppError) || error.issues.length > 0) return error;
  const { code, message, details, retryAfterSeconds, cause } = error;
  const camera = cameraInfo === undefined ? '/intrinsics' : '/cameraInfo';
  const pointer = ABOUT_CAMERA.includes(code) ? camera : ABOUT_GOAL.test(code) ? '/goal' : null;
  if (pointer === null) return error;
  const issues = [{ pointer, message, code }];
  return new AppError(code, { message, details, retryAfterSeconds, cause, issues });
}
