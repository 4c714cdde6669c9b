import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { times, type Attack, type Target } from './attack-tools.js';

const SECONDS = 5;
/** About what one read of a socket takes of the shortest useful requests. */
const REQUESTS_OF_A_READ = 2048;

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

function connect({ url }: Target): net.Socket {
  const { hostname, port } = new URL(url);
  return net.connect(Number(port), hostname).on('error', () => undefined);
}

/** Sends everything at once, reads the answers or nothing for some seconds, and leaves. */
async function sendAtOnce(target: Target, text: string, reads: boolean): Promise<string> {
  const socket = connect(target);
  if (reads) socket.resume();
  else socket.pause();
  socket.write(text);
  await delay(SECONDS * 1000);
  const kept = socket.destroyed ? 'closed' : 'kept open';
  socket.destroy();
  return kept;
}

/** Sends some requests, and as many again with each piece of an answer that comes. */
async function keepUnderWay(target: Target, text: string): Promise<string> {
  const socket = connect(target);
  socket.on('data', () => socket.write(text));
  socket.write(text);
  await delay(SECONDS * 1000);
  socket.destroy();
  return 'left';
}

/** Opens a connection, sends everything, leaves a tenth of a second later, and begins again. */
async function comeAgain(target: Target, text: string): Promise<string> {
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end;) {
    const socket = connect(target);
    socket.resume();
    socket.write(text);
    await delay(100);
    socket.destroy();
  }
  return 'left';
}

/** Connections that send many requests before they take an answer (HTTP pipelining). */
export const pipelinedAttacks = (): Attack[] => [
  {
    name: '20 000 pipelined requests for the API document, unread',
    prepare: () => (target) => sendAtOnce(target, request('/api/openapi.json').repeat(20_000), false),
  },
  {
    name: '50 x 30 pipelined requests for the API document, unread',
    prepare: () => (target) =>
      times(50, () => sendAtOnce(target, request('/api/openapi.json').repeat(30), false)),
  },
  {
    name: '10 x 20 000 pipelined requests without a token',
    prepare: () => (target) => times(10, () => sendAtOnce(target, request('/api/jobs').repeat(20_000), true)),
  },
  {
    name: '10 x 20 000 pipelined requests for /readyz, unread',
    prepare: () => (target) => times(10, () => sendAtOnce(target, request('/readyz').repeat(20_000), false)),
  },
  {
    name: '100 connections that keep ten requests under way',
    prepare: () => (target) => times(100, () => keepUnderWay(target, request('/api/jobs').repeat(10))),
  },
  {
    name: '20 connections of 2048 pipelined requests each, opened again and again',
    prepare: () => (target) =>
      times(20, () => comeAgain(target, request('/livez').repeat(REQUESTS_OF_A_READ))),
  },
];
