import type { Problem, SessionView } from './messages.js';

/** A server, and who asks. */
export interface ServoApiOptions {
  /** Base URL, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Access token of `POST /api/auth/login`. */
  readonly token: string;
}

/** Body of `POST /api/servo/sessions`; docs/live-servoing.md lists its fields. */
export interface SessionRequest {
  readonly goal:
    | { readonly image: string }
    | { readonly mediaId: string; readonly frame: number }
    | { readonly sessionId: string };
  readonly detector?: string;
  readonly [field: string]: unknown;
}

/** An answer other than 2xx. */
export class ServoApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    /** From `Retry-After`. */
    readonly retryAfterSeconds: number | null,
  ) {
    super(problem === null ? `The server answered ${status}.` : `${problem.code}: ${problem.detail}`);
    this.name = 'ServoApiError';
  }
}

/** An image as a data URL, for `goal.image`. */
export const dataUrl = (bytes: Uint8Array, mediaType = 'image/jpeg'): string =>
  `data:${mediaType};base64,${Buffer.from(bytes).toString('base64')}`;

/** The routes of sessions. */
export class ServoApi {
  readonly #options: ServoApiOptions;

  constructor(options: ServoApiOptions) {
    this.#options = options;
  }

  /**
   * Opens a session.
   * @param waitSeconds how long to wait in line for a free engine
   * @throws ServoApiError
   */
  async createSession(request: SessionRequest, { waitSeconds = 0 } = {}): Promise<SessionView> {
    const query = waitSeconds > 0 ? `?wait=${waitSeconds}` : '';
    return (await this.#send('POST', query, request)).session;
  }

  /** The session as it is now. @throws ServoApiError */
  async session(id: string): Promise<SessionView> {
    return (await this.#send('GET', `/${id}`)).session;
  }

  /** Ends a session. @returns it with what was captured. @throws ServoApiError */
  async endSession(id: string): Promise<SessionView> {
    return (await this.#send('DELETE', `/${id}`)).session;
  }

  async #send(method: string, path: string, body?: unknown): Promise<{ readonly session: SessionView }> {
    const response = await fetch(new URL(`/api/servo/sessions${path}`, this.#options.url), {
      method,
      headers: {
        authorization: `Bearer ${this.#options.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text) as { session: SessionView };
    const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
    throw new ServoApiError(
      response.status,
      readProblem(text),
      Number.isFinite(retryAfter) ? retryAfter : null,
    );
  }
}

/** The problem in a body; null where it is none. */
export function readProblem(text: string): Problem | null {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return typeof body?.code === 'string' ? (body as Problem) : null;
  } catch {
    return null;
  }
}
