import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Sends `100 Continue` when something begins to read the body. A request that is refused before, for want of a token or
 * for its announced length, gets its final status alone, and its client keeps the body (RFC 9110, section 10.1.1).
 * Node.js itself would send it before anything has looked at the request.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read.bind(request);
  request._read = (size) => {
    request._read = read;
    if (!response.headersSent && response.writable) response.writeContinue();
    read(size);
  };
}
