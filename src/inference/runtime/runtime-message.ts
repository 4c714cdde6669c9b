/** Longest reason that goes into a report; the runtime's messages can carry whole C++ signatures. */
const LONGEST = 300;

/**
 * The part of an ONNX Runtime message that says something to a user: without the build machine's source paths, the C++
 * function signature and the failed condition that its assertions put before the text.
 */
export function tidyRuntimeMessage(message: string): string {
  const text = message
    .replace(/^.*? (?:was false|is false)\.\s*/s, '')
    .replace(/\/onnxruntime_src\/\S+:\d+ /g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 3)}...` : text;
}
