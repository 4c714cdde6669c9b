import type { Request, RequestHandler, Response } from 'express';
import { AppError } from '../errors/app-error.js';

/**
 * Runs one of Express's body parsers.
 * @throws AppError `MALFORMED_BODY` for what cannot be decompressed, `REQUEST_ABORTED` when the sender leaves, or the
 * parser's own error
 */
export async function runParser(parser: RequestHandler, request: Request, response: Response): Promise<void> {
  const encoding = compressionOf(request);
  let leave: (() => void) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      // A decompressor is not told that its sender has gone: it would be waited for for ever.
      leave = () => {
        if (!request.complete) reject(endedEarly());
      };
      request.once('close', leave);
      parser(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
  } catch (error) {
    throw encoding !== null && isForeign(error) ? undecodable(encoding, error) : error;
  } finally {
    if (leave) request.removeListener('close', leave);
  }
}

/** How the body is compressed; null where it comes as it is. */
function compressionOf({ headers }: Request): string | null {
  const encoding = headers['content-encoding']?.toLowerCase() ?? 'identity';
  return encoding === 'identity' ? null : encoding;
}

/** What a parser says itself has a type; what a decompressor says, in the words of its library, has none. */
function isForeign(error: unknown): boolean {
  return error instanceof Error && !(error instanceof AppError) && Reflect.get(error, 'type') === undefined;
}

// Parsers refuse every encoding but the few that they know, so that the word is one of ours.
const undecodable = (encoding: string, cause: unknown): AppError =>
  new AppError({
    code: 'MALFORMED_BODY',
    kind: 'malformed',
    message: `The body cannot be decompressed: its Content-Encoding is ${encoding}, but it is no ${encoding} data or is cut off.`,
    cause,
  });

/** A request whose sender left before its end. */
export const endedEarly = (): AppError =>
  new AppError({ code: 'REQUEST_ABORTED', kind: 'malformed', message: 'The request ended early.' });
