import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { feedOneRequestAtATime } from './connection-feed.js';

/**
 * Serves a request as if it had not asked for a protocol upgrade (RFC 9110, section 7.8): many clients
 * request HTTP/2 with the first request of a connection, and continue with HTTP/1.1. Node.js's parser
 * detaches from every connection with an upgrade request, so the request is passed to a new parser without
 * that header.
 */
export function serveWithoutUpgrade(server: Server, request: IncomingMessage, head: Buffer): void {
  const { socket } = request;
  const [parse] = server.listeners('connection');
  // Between the two parsers there is no other error listener, and an unhandled error would end the process.
  const leave = (): unknown => socket.destroy();
  socket.on('error', leave);
  const goOn = (): void => {
    if (socket.destroyed) return;
    const before = answerUnderWay(socket);
    if (before) {
      before.once('close', goOn);
      return;
    }
    // The timeout of the idle time between requests does not apply here.
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    socket.unshift(headWithoutUpgrade(request));
    Reflect.apply(parse, server, [socket]);
    feedOneRequestAtATime(socket);
    socket.off('error', leave);
  };
  // By then, data that followed the request has been put back into the socket.
  process.nextTick(goOn);
}

/** The unfinished response to an earlier request; the new parser would not wait for it. */
function answerUnderWay(socket: Socket): ServerResponse | null {
  const answer: unknown = Reflect.get(socket, '_httpMessage');
  return answer instanceof ServerResponse ? answer : null;
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const fields = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 && name.toLowerCase() !== 'upgrade' ? [`${name}: ${rawHeaders[at + 1]}`] : [],
  );
  const line = `${method ?? ''} ${url ?? ''} HTTP/${httpVersion}`;
  return Buffer.from([line, ...fields, '', ''].join('\r\n'), 'latin1');
}
