import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { feedOneRequestAtATime } from './connection-feed.js';

/**
 * Serves a request as if it had not asked for another protocol (RFC 9110, section 7.8): many clients ask for HTTP/2 with
 * the first request of a connection, and go on with HTTP/1.1. The parser of Node.js lets go of every connection that asks
 * for anything, so the request is given to a new one without that header, in front of its body.
 */
export function serveWithoutUpgrade(server: Server, request: IncomingMessage, head: Buffer): void {
  const { socket } = request;
  const [parse] = server.listeners('connection');
  // There is no other listener between two parsers; an error without a listener ends the process.
  const leave = (): unknown => socket.destroy();
  socket.on('error', leave);
  const goOn = (): void => {
    if (socket.destroyed) return;
    const before = answerUnderWay(socket);
    if (before) {
      before.once('close', goOn);
      return;
    }
    // That of the idle time between two requests.
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    socket.unshift(headWithoutUpgrade(request));
    Reflect.apply(parse, server, [socket]);
    feedOneRequestAtATime(socket);
    socket.off('error', leave);
  };
  // What came behind the request is back in the socket by then.
  process.nextTick(goOn);
}

/** The answer to a request in front of the one that asks; the new parser would not wait for it. */
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
