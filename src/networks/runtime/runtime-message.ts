/** Longest reason that goes into a report; the runtime's messages can carry whole C++ signatures. */
const LONGEST = 300;
/** Names of nodes are the file's own and may be of any length. */
const LONGEST_READ = 10_000;

/** Where in its source the runtime gave up, with the signature of the function, which can take the whole report. */
const LOCATION = /\/onnxruntime_src\/\S+:\d+ (?:[^()]*::[^()]*\([^()]*\)(?: const)?(?: \[with [^\]]*\])? )?/g;

/**
 * The part of an ONNX Runtime message that says something to a user: without the build machine's source paths, the C++
 * function signature and the failed condition that its assertions put before the text.
 */
export function tidyRuntimeMessage(message: string): string {
  const text = message
    .slice(0, LONGEST_READ)
    .replace(/\s+/g, ' ')
    .replace(/^.*? (?:was false|is false)\. ?/, '')
    .replace(LOCATION, '')
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
