/** Codes inside of `errors`, or of an upload's `files`, alone, each with what it means; the codes of errors stand there too. */
export const ISSUE_CODES = {
  REQUIRED: 'the field or file is missing',
  UNKNOWN_FIELD: 'the field is not known; the message names the known ones',
  INVALID: 'the value cannot be used or stored',
  INVALID_TYPE: 'the value does not have the type of the field',
  INVALID_VALUE: 'the value is none of the possible ones',
  INVALID_FORMAT: 'the text does not have the form of the field',
  INVALID_UNION: 'the value has none of the possible forms',
  INVALID_CURSOR: 'the cursor is none that a list returned',
  TOO_BIG: 'the value is above its limit',
  TOO_SMALL: 'the value is below its limit',
  NOT_MULTIPLE_OF: 'the number is no multiple of its step',
  CUSTOM: 'the message has the rule',
  MALFORMED: 'the text holds characters that are not allowed',
  TOO_COMPLEX: 'the body is nested too deeply, or holds too many values or repetitions',
  MORE_PROBLEMS: 'the number of problems beyond those listed; its pointer is empty',
  UNPAIRED: 'an image without a mask, or a mask without an image',
  PARTNER_REFUSED: 'the other file of the pair cannot be used',
  UNSUPPORTED_ENTRY: 'a hidden file, a folder entry, an archive inside of the archive, or no medium',
  BAD_NAME: 'the name of the file cannot be stored',
  REFUSED: 'the file cannot be used; the message says why',
} as const satisfies Readonly<Record<string, string>>;

/** See {@link ISSUE_CODES}. */
export type IssueCode = keyof typeof ISSUE_CODES;
