import { AppError } from '../errors/app-error.js';
import { pointerOf } from '../errors/json-pointer.js';
import { validationFailed } from '../errors/common-errors.js';

/** Limits on the structure of a JSON text. */
export interface JsonLimits {
  /** Maximum nesting depth of lists and objects. */
  readonly depth: number;
  /** Maximum number of values in the whole text. */
  readonly values: number;
  /** Maximum number of entries in one list. */
  readonly listLength: number;
  /** What the text is, for messages; `the body` by default. */
  readonly subject?: string;
  /** Limits on the numeric lists that are extracted before parsing. */
  readonly tensors?: { readonly values: number; readonly lists: number };
}

/** Fields whose values are extracted instead of parsed with the rest. */
export interface ExtractedFields {
  /** Fields with texts as long as files. */
  readonly texts?: ReadonlySet<string>;
  /** Fields with lists of numbers, limited by {@link JsonLimits.tensors}. */
  readonly lists?: ReadonlySet<string>;
}

/** Byte range of a JSON value, end exclusive, including its quotes or brackets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Texts shorter than this are parsed with the rest. */
const LONG_TEXT = 16 * 1024;
const MAX_FIELD_LENGTH = 32;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const NOWHERE = -1;

/**
 * Checks the structure of a JSON text while it arrives, before any of it is parsed: a few bytes can encode
 * millions of values, and parsing them would exhaust memory and block the process. It does not validate the
 * grammar; the parser does.
 */
export class JsonGuard {
  readonly #limits: JsonLimits;
  readonly #extractedFields: ExtractedFields;
  readonly #spans: Span[] = [];
  /** Number of entries of each open list or object. */
  readonly #entries: Int32Array;
  readonly #isList: Uint8Array;
  readonly #field = Buffer.alloc(MAX_FIELD_LENGTH);
  #fieldLength = 0;
  #fieldName = '';
  /** Top-level field that is being scanned, for error messages. */
  #rootField = '';
  #depth = 0;
  #values = 0;
  /** Values and lists inside of extracted lists. */
  #tensorValues = 0;
  #tensorLists = 0;
  /** Offset of the next chunk in the text. */
  #offset = 0;
  #inText = false;
  #escaped = false;
  /** Position of the next backslash in the chunk. */
  #backslash = NOWHERE;
  #textStart = NOWHERE;
  #isExtractedText = false;
  #listStart = NOWHERE;
  #listDepth = NOWHERE;

  constructor(limits: JsonLimits, extractedFields: ExtractedFields = {}) {
    this.#limits = limits;
    this.#extractedFields = extractedFields;
    this.#entries = new Int32Array(limits.depth + 2);
    this.#isList = new Uint8Array(limits.depth + 2);
  }

  /** Ranges extracted so far, in order. */
  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** Scans the next bytes. @throws AppError VALIDATION (malformed) with the issue `TOO_COMPLEX` */
  push(chunk: Buffer): void {
    let at = 0;
    this.#backslash = chunk.indexOf(BACKSLASH);
    while (at < chunk.length) at = this.#inText ? this.#readText(chunk, at) : this.#readStructure(chunk, at);
    this.#offset += chunk.length;
  }

  #readText(chunk: Buffer, from: number): number {
    let at = this.#escaped ? from + 1 : from;
    this.#escaped = false;
    let quote = chunk.indexOf(QUOTE, at);
    let backslash = this.#nextBackslash(chunk, at);
    while (backslash !== NOWHERE && (quote === NOWHERE || backslash < quote)) {
      at = backslash + 2;
      if (quote !== NOWHERE && quote < at) quote = chunk.indexOf(QUOTE, at);
      backslash = this.#nextBackslash(chunk, at);
    }
    const end = quote === NOWHERE ? chunk.length : quote;
    this.#keepField(chunk, from, end);
    if (quote === NOWHERE) {
      this.#escaped = at > chunk.length;
      return chunk.length;
    }
    this.#inText = false;
    const span = { start: this.#textStart, end: this.#offset + quote + 1 };
    if (this.#isExtractedText && span.end - span.start >= LONG_TEXT) this.#spans.push(span);
    return quote + 1;
  }

  /**
   * Caches the position of the next backslash, so that many short texts do not each search the rest of the
   * chunk.
   */
  #nextBackslash(chunk: Buffer, at: number): number {
    if (this.#backslash !== NOWHERE && this.#backslash < at) this.#backslash = chunk.indexOf(BACKSLASH, at);
    return this.#backslash;
  }

  /** Keeps the start of a text in case it is a field name. */
  #keepField(chunk: Buffer, from: number, end: number): void {
    if (this.#fieldLength >= MAX_FIELD_LENGTH) return;
    this.#fieldLength += chunk.copy(this.#field, this.#fieldLength, from, end);
  }

  #readStructure(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      switch (chunk[at]) {
        case QUOTE:
          this.#openText(this.#offset + at);
          return at + 1;
        case COMMA:
          this.#nextEntry();
          break;
        case COLON:
          this.#fieldName = this.#field.toString('latin1', 0, this.#fieldLength);
          if (this.#depth === 1) this.#rootField = this.#fieldName;
          break;
        case OPEN_LIST:
        case OPEN_OBJECT:
          this.#open(chunk[at] === OPEN_LIST, this.#offset + at);
          break;
        case CLOSE_LIST:
        case CLOSE_OBJECT:
          this.#close(this.#offset + at + 1);
          break;
      }
    }
    return chunk.length;
  }

  #openText(position: number): void {
    this.#inText = true;
    this.#textStart = position;
    this.#isExtractedText =
      this.#listStart === NOWHERE && this.#extractedFields.texts?.has(this.#fieldName) === true;
    this.#fieldLength = 0;
  }

  #open(isList: boolean, position: number): void {
    this.#count();
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) {
      throw this.#tooComplex(`is nested more than ${String(this.#limits.depth)} levels deep`);
    }
    this.#entries[this.#depth] = 1;
    this.#isList[this.#depth] = Number(isList);
    if (this.#listStart !== NOWHERE) {
      this.#tensorLists += 1;
      const { lists } = this.#limits.tensors ?? NO_TENSORS;
      if (this.#tensorLists > lists)
        throw this.#tooComplex(`has more than ${String(lists)} lists in a tensor`);
    } else if (isList && this.#extractedFields.lists?.has(this.#fieldName)) {
      this.#listStart = position;
      this.#listDepth = this.#depth;
    }
    this.#fieldName = '';
  }

  #close(end: number): void {
    if (this.#depth === 0) throw malformedJson();
    if (this.#depth === this.#listDepth) {
      this.#spans.push({ start: this.#listStart, end });
      this.#listStart = this.#listDepth = NOWHERE;
    }
    this.#depth -= 1;
    this.#fieldName = '';
  }

  #nextEntry(): void {
    this.#count();
    this.#fieldName = '';
    if (this.#listStart !== NOWHERE) return;
    this.#entries[this.#depth] += 1;
    const { listLength } = this.#limits;
    if (this.#isList[this.#depth] === 1 && this.#entries[this.#depth] > listLength) {
      const what = `contains a list of more than ${String(listLength)} entries`;
      throw this.#tooComplex(what, this.#depth === 2 ? this.#rootField : undefined);
    }
  }

  #count(): void {
    if (this.#listStart !== NOWHERE) {
      this.#tensorValues += 1;
      const { values } = this.#limits.tensors ?? NO_TENSORS;
      if (this.#tensorValues > values)
        throw this.#tooComplex(`has more than ${String(values)} values in its tensors`);
      return;
    }
    this.#values += 1;
    const { values } = this.#limits;
    if (this.#values > values) throw this.#tooComplex(`has more than ${String(values)} values`);
  }

  /** @param field top-level field that the error concerns */
  #tooComplex(what: string, field?: string): AppError {
    const named = field !== undefined && /^\w{1,31}$/.test(field);
    const pointer = named ? pointerOf([field]) : '';
    const message = `${this.#limits.subject ?? 'the body'} ${what}`;
    return validationFailed([{ pointer, message, code: 'TOO_COMPLEX' }]);
  }
}

const NO_TENSORS = { values: 0, lists: 0 };

/** The parser's own message is not used because it quotes the text. */
export const malformedJson = (message = 'The body is not valid JSON.'): AppError =>
  new AppError('MALFORMED_JSON', { message });
