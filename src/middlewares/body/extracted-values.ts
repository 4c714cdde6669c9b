import { createHash } from 'node:crypto';
import { isAscii } from 'node:buffer';
import type { Request } from 'express';
import { malformedJson, type Span } from '../../domain/json-guard.js';

const BACKSLASH = 0x5c;

/**
 * Values that were cut out of a JSON body before it was parsed: texts as long as files, and lists of numbers.
 * The parsed body contains a short placeholder for each.
 */
export class ExtractedValues {
  readonly #parts = new Map<string, Buffer>();

  readonly #stableNames: boolean;

  /**
   * @param stableNames whether placeholders are derived from the content, so that a repeated body has the
   *   same ones
   */
  private constructor(stableNames: boolean) {
    this.#stableNames = stableNames;
  }

  /** Cuts `spans` out of a JSON text. @returns the text with placeholders, and the extracted values */
  static cut(
    bytes: Buffer,
    spans: readonly Span[],
    stableNames: boolean,
  ): { readonly rest: Buffer; readonly extracted: ExtractedValues } {
    const extracted = new ExtractedValues(stableNames);
    if (spans.length === 0) return { rest: bytes, extracted };
    const rest: Buffer[] = [];
    let from = 0;
    for (const span of spans) {
      rest.push(
        bytes.subarray(from, span.start),
        Buffer.from(JSON.stringify(extracted.#add(bytes.subarray(span.start, span.end)))),
      );
      from = span.end;
    }
    rest.push(bytes.subarray(from));
    return { rest: Buffer.concat(rest), extracted };
  }

  #add(part: Buffer): string {
    const name = this.#stableNames
      ? `aside:${createHash('sha256').update(part).digest('hex')}`
      : `aside:${String(this.#parts.size)}`;
    this.#parts.set(name, part);
    return name;
  }

  /** The JSON of an extracted value by its placeholder; undefined for any other value. */
  json(value: unknown): Buffer | undefined {
    return typeof value === 'string' ? this.#parts.get(value) : undefined;
  }

  /** Releases the memory of all extracted values once they have been read. */
  clear(): void {
    this.#parts.clear();
  }

  /** The extracted text for a placeholder; any other text unchanged. @throws AppError MALFORMED_JSON */
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

const kept = new WeakMap<Request, ExtractedValues>();

/** Stores the extracted values of a request for its handler. */
export const keepExtractedValues = (request: Request, extracted: ExtractedValues): void =>
  void kept.set(request, extracted);

/** The extracted values of a request; undefined when there are none. */
export const extractedValuesOf = (request: Request): ExtractedValues | undefined => kept.get(request);
