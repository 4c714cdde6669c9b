/**
 * Codes that occur only inside `errors`, or inside an upload's `files`, with their meanings. Error codes occur there as
 * well.
 */
export const ISSUE_CODES = {
  REQUIRED: 'the field or file is missing',
  UNKNOWN_FIELD: 'the field is unknown; the message lists the known ones',
  INVALID: 'the value cannot be used or stored',
  INVALID_TYPE: 'the value has the wrong type',
  INVALID_VALUE: 'the value is not one of the allowed values',
  INVALID_FORMAT: 'the text has the wrong format',
  INVALID_UNION: 'the value has none of the allowed forms',
  INVALID_CURSOR: 'the cursor was not returned by a list request',
  TOO_BIG: 'the value is above its limit',
  TOO_SMALL: 'the value is below its limit',
  NOT_MULTIPLE_OF: 'the number is not a multiple of its step',
  CUSTOM: 'the message states the rule',
  MALFORMED: 'the text contains characters that are not allowed',
  TOO_COMPLEX: 'the body is nested too deeply, or contains too many values or repetitions',
  MORE_PROBLEMS: 'the number of further problems that are not listed; its pointer is empty',
  UNPAIRED: 'an image without a mask, or a mask without an image',
  PARTNER_REFUSED: 'the other file of the pair cannot be used',
  UNSUPPORTED_ENTRY:
    'a hidden file, a folder entry, a nested archive, or a file that is neither image nor video',
  BAD_NAME: 'the name of the file cannot be stored',
  REFUSED: 'the file cannot be used; the message says why',
} as const satisfies Readonly<Record<string, string>>;

/** See {@link ISSUE_CODES}. */
export type IssueCode = keyof typeof ISSUE_CODES;
