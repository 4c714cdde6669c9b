import { createHash } from 'node:crypto';
import { isAscii } from 'node:buffer';
import type { Request } from 'express';
import { malformedJson, type Span } from './json-guard.js';

const BACKSLASH = 0x5c;

/**
 * What was cut out of a JSON body before it was parsed: texts as long as files, and lists of numbers. In the parsed
 * value a short name stands for each.
 */
export class BodyAsides {
  readonly #parts = new Map<string, Buffer>();

  readonly #stableNames: boolean;

  /** @param stableNames whether the names depend on nothing but the content, so that a repeat of the body has the same */
  private constructor(stableNames: boolean) {
    this.#stableNames = stableNames;
  }

  /** Cuts `spans` out of a JSON text. @returns the rest, and what was cut out */
  static cut(
    bytes: Buffer,
    spans: readonly Span[],
    stableNames: boolean,
  ): { readonly rest: Buffer; readonly asides: BodyAsides } {
    const asides = new BodyAsides(stableNames);
    if (spans.length === 0) return { rest: bytes, asides };
    const rest: Buffer[] = [];
    let from = 0;
    for (const span of spans) {
      rest.push(
        bytes.subarray(from, span.start),
        Buffer.from(JSON.stringify(asides.#add(bytes.subarray(span.start, span.end)))),
      );
      from = span.end;
    }
    rest.push(bytes.subarray(from));
    return { rest: Buffer.concat(rest), asides };
  }

  #add(part: Buffer): string {
    const name = this.#stableNames
      ? `aside:${createHash('sha256').update(part).digest('hex')}`
      : `aside:${String(this.#parts.size)}`;
    this.#parts.set(name, part);
    return name;
  }

  /** The JSON of what a value stands for; undefined for a value that is itself. */
  json(value: unknown): Buffer | undefined {
    return typeof value === 'string' ? this.#parts.get(value) : undefined;
  }

  /** Lets go of the body, whose parts were all taken. */
  clear(): void {
    this.#parts.clear();
  }

  /** The text that a value stands for, or the value. @throws AppError MALFORMED_JSON */
  text(value: string): string {
    const part = this.#parts.get(value);
    if (part === undefined) return value;
    const inside = part.subarray(1, -1);
    if (!inside.includes(BACKSLASH)) return inside.toString(isAscii(inside) ? 'latin1' : 'utf8');
    try {
      return String(JSON.parse(part.toString('utf8')));
    } catch {
      throw malformedJson();
    }
  }
}

const kept = new WeakMap<Request, BodyAsides>();

/** Keeps what was cut out of the body of a request for its handler. */
export const keepAsides = (request: Request, asides: BodyAsides): void => void kept.set(request, asides);

/** What was cut out of the body of a request; undefined where nothing was. */
export const asidesOf = (request: Request): BodyAsides | undefined => kept.get(request);
