import { isScalar, parseAllDocuments, visit, type Document, type Scalar } from 'yaml';
import { MAX_CAMERA_INFO_CHARACTERS } from '../../domain/limits.js';
import { AppError, messageOf } from '../../errors/app-error.js';

/** The parsers of YAML call themselves for each level. */
const MAX_LEVELS = 200;
/** What OpenCV writes instead of a directive that YAML knows. */
const OPENCV_DIRECTIVE = /^%YAML:[\d.]+[^\n]*\n?/;

/**
 * The first document of a YAML or JSON text that holds anything. Names that stand for other parts of the text are not
 * followed, so that no text becomes larger than it is. A key that is repeated is an error: which value counts would
 * depend on the reader.
 * @throws AppError CAMERA_INFO_INVALID (invalid)
 */
export function readCameraText(text: string): unknown {
  // The parser's time grows with the square of what it does not understand.
  if (text.length > MAX_CAMERA_INFO_CHARACTERS)
    throw unreadable(
      `it has ${String(text.length)} characters, at most ${String(MAX_CAMERA_INFO_CHARACTERS)} are read`,
    );
  if (/^\uFEFF?\s*</.test(text))
    throw unreadable("it is XML; OpenCV's FileStorage writes YAML to names that end in .yaml");
  if (levelsOf(text) > MAX_LEVELS)
    throw unreadable(`it is nested more than ${String(MAX_LEVELS)} levels deep`);
  try {
    const plain = text.replace(/^\uFEFF/, '').replace(OPENCV_DIRECTIVE, '\n');
    // A topic that is echoed to a file gives a document for each message, and one without end.
    // Its own check for repeated keys compares each with all others.
    const parsed = parseAllDocuments(plain, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false });
    const documents: readonly Document[] = Array.isArray(parsed) ? parsed : [];
    const first = documents.find(({ contents }) => contents !== null);
    if (first === undefined) throw new Error('it holds nothing');
    if (first.errors.length > 0) throw first.errors[0];
    refuseRepeatedKeys(first, plain);
    return first.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw unreadable(messageOf(error).split('\n')[0].slice(0, 200));
  }
}

function refuseRepeatedKeys(document: Document, text: string): void {
  visit(document, {
    Map: (_, { items }) => {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value)) throw repeated(key, text);
        known.add(key.value);
      }
    },
  });
}

function repeated({ value, range }: Scalar, text: string): Error {
  const line = text.slice(0, range?.[0] ?? 0).split('\n').length;
  const key = JSON.stringify(String(value).slice(0, 40));
  return new Error(`the key ${key} in line ${String(line)} is already given in the same object`);
}

/** How deep brackets and indentation can nest a text at most; text within quotes counts too, which makes it a bound. */
function levelsOf(text: string): number {
  let open = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === '[' || character === '{') deepest = Math.max(deepest, ++open);
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
  }
  const markers = Math.max(0, ...text.split('\n').map((line) => /^[\s\-?:]*/.exec(line)?.[0].length ?? 0));
  return Math.max(deepest, markers);
}

const unreadable = (why: string): AppError =>
  new AppError('CAMERA_INFO_INVALID', {
    message: `The calibration of the camera is neither YAML nor JSON that can be read: ${why}.`,
  });
