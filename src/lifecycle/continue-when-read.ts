import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Sends `100 Continue` when the body begins to be read. A request that is rejected earlier, for a missing
 * token or its announced length, gets only its final status, so that the client need not send the body (RFC
 * 9110, section 10.1.1). By default Node.js sends it before any check.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read.bind(request);
  request._read = (size) => {
    request._read = read;
    if (!response.headersSent && response.writable) response.writeContinue();
    read(size);
  };
}
