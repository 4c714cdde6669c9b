import { issueLines } from '../errors/schema-issues.js';
import { clientMessage, type ClientMessage } from './event-map.js';

/** Longest text of an error; a message of the client may be one long name. */
const LONGEST_PROBLEM = 300;

/** A message of the client, or what is wrong with it in a sentence. */
export type ReadMessage = { readonly message: ClientMessage } | { readonly problem: string };

/** Reads a text of the client; errors are worded as for request bodies, with the first problem only. */
export function readClientMessage(text: string): ReadMessage {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return { problem: 'The message is no JSON.' };
  }
  const { data, error } = clientMessage.safeParse(input);
  if (data) return { message: data };
  const [first] = issueLines(error, input);
  return { problem: `The message is not valid. ${first}`.slice(0, LONGEST_PROBLEM) };
}
