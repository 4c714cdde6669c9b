/** Maximum length of a reason in a report; messages of the runtime may contain whole C++ signatures. */
const LONGEST = 300;
/** Only this many characters are processed, because node names come from the file and may have any length. */
const MAX_READ = 10_000;

/**
 * Source location in a message of the runtime, with the C++ function signature, which could fill the whole
 * report.
 */
const LOCATION = /\/onnxruntime_src\/\S+:\d+ (?:[^()]*::[^()]*\([^()]*\)(?: const)?(?: \[with [^\]]*\])? )?/g;

/**
 * The part of an ONNX Runtime message that is useful to a user: without source paths of the build machine,
 * C++ function signatures and failed conditions of assertions.
 */
export function tidyRuntimeMessage(message: string): string {
  const text = message
    .slice(0, MAX_READ)
    .replace(/\s+/g, ' ')
    .replace(/^.*? (?:was false|is false)\. ?/, '')
    .replace(LOCATION, '')
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
