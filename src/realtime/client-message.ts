import { issueLines } from '../errors/schema-issues.js';
import { clientMessage, type ClientMessage } from './event-map.js';

/** Maximum length of an error text, because it may quote names of any length from the client's message. */
const MAX_PROBLEM_LENGTH = 300;

/** A parsed message of the client, or one sentence about what is wrong with it. */
export type ReadMessage = { readonly message: ClientMessage } | { readonly problem: string };

/**
 * Parses a message of the client. Errors are worded as for request bodies; only the first one is reported.
 */
export function readClientMessage(text: string): ReadMessage {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return { problem: 'The message is not JSON.' };
  }
  const { data, error } = clientMessage.safeParse(input);
  if (data) return { message: data };
  const [first] = issueLines(error, input);
  return { problem: `The message is not valid. ${first}`.slice(0, MAX_PROBLEM_LENGTH) };
}
