import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ServoStream, type Command, type ServoStreamOptions } from '../../../clients/typescript/src/index.js';
import { ServoStreamServer, velocityMessage } from '../../fakes/servo-stream-server.js';

const ZERO = [0, 0, 0, 0, 0, 0];
const FORWARD = [0, 0, 0.1, 0, 0, 0];

let server: ServoStreamServer;
let stream: ServoStream | undefined;
let commands: Command[];
let listeners: (() => void)[];

beforeEach(async () => {
  server = await ServoStreamServer.start();
  commands = [];
  listeners = [];
});

afterEach(async () => {
  stream?.close();
  stream = undefined;
  await server.stop();
});

function open(options: Partial<ServoStreamOptions> = {}): ServoStream {
  const onCommand = (command: Command) => {
    commands.push(command);
    const waiting = listeners;
    listeners = [];
    for (const listener of waiting) listener();
  };
  stream = new ServoStream({ url: server.url, token: 'secret', onCommand, ...options });
  return stream;
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise<void>((resolve) => listeners.push(resolve));
};
const said = () => commands.map(({ status, velocity }) => [status, velocity]);

describe('the stream of the TypeScript client', () => {
  it('sends frames in the documented bytes, with the token', async () => {
    const client = open();
    client.send({
      format: 'gray8',
      size: { width: 2, height: 3 },
      bytes: Uint8Array.of(1, 2, 3, 4, 5, 6),
      captureTimeMicros: 1234567890123456789n,
    });
    await server.until(() => server.frames.length === 1);
    expect(server.authorizations).toEqual(['Bearer secret']);
    expect(server.frames[0]).toMatchObject({
      version: 1,
      format: 4,
      flags: 0,
      sequence: 0,
      captureTimeMicros: 1234567890123456789n,
    });
    expect([...server.frames[0].rest]).toEqual([2, 0, 3, 0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps only the newest of the frames that cannot be sent yet', async () => {
    const client = open();
    // Nothing can be sent before the connection is open.
    for (const byte of [1, 2, 3]) client.send({ format: 'jpeg', bytes: Uint8Array.of(byte) });
    await server.until(() => server.frames.length > 0);
    expect(server.frames.map(({ sequence, rest }) => [sequence, ...rest])).toEqual([[2, 3]]);
    expect(client.dropped).toBe(2);
  });

  it.each(['tracking', 'disconnected', 'ended'])('may be closed by a callback at %s', async (status) => {
    const client = open({
      onCommand: (command) => {
        commands.push(command);
        if (command.status === status) client.close();
      },
    });
    await server.until(() => server.sockets.length === 1);
    server.say(velocityMessage(0, FORWARD));
    server.say({ type: 'timeout', velocity: ZERO, status: 'timeout', silentMs: 500 });
    if (status === 'disconnected') server.sockets[0].terminate();
    if (status === 'ended') server.say({ type: 'ended', session: {} });
    await client.done;
    expect(commands.filter((command) => command.status === 'ended')).toHaveLength(1);
    expect(commands.at(-1)?.status).toBe('ended');
    await server.stop();
    expect(server.sockets).toHaveLength(1);
  });

  it('hands velocities on, and stops the camera on timeout, interruption and errors', async () => {
    const client = open();
    client.send({ format: 'jpeg', bytes: Uint8Array.of(1) });
    await server.until(() => server.frames.length === 1);
    server.say(velocityMessage(0, FORWARD));
    server.say({ type: 'interrupted', velocity: ZERO, status: 'interrupted' });
    server.say({ type: 'resumed' });
    server.say(velocityMessage(1, FORWARD));
    server.say({ type: 'timeout', velocity: ZERO, status: 'timeout', silentMs: 500 });
    server.say(velocityMessage(2, FORWARD));
    server.say({
      type: 'error',
      seq: 3,
      error: { code: 'FRAME_MALFORMED', title: 'Malformed frame', detail: 'no image' },
    });
    await until(() => commands.length === 6);
    expect(said()).toEqual([
      ['tracking', FORWARD],
      ['interrupted', ZERO],
      ['tracking', FORWARD],
      ['timeout', ZERO],
      ['tracking', FORWARD],
      ['error', ZERO],
    ]);
  });

  it('stops the camera by itself when the server has gone quiet', async () => {
    open({ staleMs: 20 });
    await server.until(() => server.sockets.length === 1);
    server.say(velocityMessage(0, FORWARD));
    await until(() => commands.length === 2);
    expect(said()[1]).toEqual(['timeout', ZERO]);
  });

  it('stops the camera when the connection is lost, connects again and goes on counting', async () => {
    const client = open();
    client.send({ format: 'jpeg', bytes: Uint8Array.of(1) });
    await server.until(() => server.frames.length === 1);
    server.say(velocityMessage(0, FORWARD));
    await until(() => commands.length === 1);
    server.sockets[0].terminate();
    await until(() => commands.length === 2);
    client.send({ format: 'jpeg', bytes: Uint8Array.of(2) });
    await server.until(() => server.frames.length === 2);
    expect(said()[1]).toEqual(['disconnected', ZERO]);
    expect(server.sockets).toHaveLength(2);
    expect(server.frames[1].sequence).toBe(1);
  });

  it('connects again when the server no longer answers, though nothing closed the connection', async () => {
    const client = open({ silenceMs: 100 });
    await server.until(() => server.sockets.length === 1);
    server.say(velocityMessage(0, FORWARD));
    await until(() => commands.length === 1);
    server.sockets[0].pause();
    await server.until(() => server.sockets.length === 2);
    expect(said()).toEqual([
      ['tracking', FORWARD],
      ['disconnected', ZERO],
    ]);
    client.send({ format: 'jpeg', bytes: Uint8Array.of(1) });
    await server.until(() => server.frames.length === 1);
  });

  it('gives up when the connection stays lost for the idle time', async () => {
    const client = open({ reconnectSeconds: 0 });
    await server.until(() => server.sockets.length === 1);
    await server.stop();
    await expect(client.done).rejects.toThrow('no connection for 0 s');
    expect(said().at(-1)).toEqual(['ended', ZERO]);
    server = await ServoStreamServer.start();
  });

  it('ends with the session, with a last zero velocity', async () => {
    const client = open();
    await server.until(() => server.sockets.length === 1);
    client.end();
    await server.until(() => server.texts.length === 1);
    expect(server.texts).toEqual([{ type: 'end' }]);
    server.say({ type: 'ended', velocity: ZERO, session: { id: '1' } });
    await client.done;
    expect(said()).toEqual([['ended', ZERO]]);
  });

  it.each(['tracking', 'ended'])(
    'stops the camera and says why when the callback throws on %s',
    async (when) => {
      const onCommand = (command: Command) => {
        commands.push(command);
        if (command.status === when) throw new Error('The robot is gone.');
      };
      const client = open({ onCommand });
      await server.until(() => server.sockets.length === 1);
      server.say(velocityMessage(0, FORWARD));
      if (when === 'ended') server.say({ type: 'ended', velocity: ZERO });
      await expect(client.done).rejects.toThrow('The robot is gone.');
      expect(said()).toEqual([
        ['tracking', FORWARD],
        ['ended', ZERO],
      ]);
    },
  );

  it('stops the camera when the server says what cannot be read', async () => {
    const client = open();
    await server.until(() => server.sockets.length === 1);
    server.say(velocityMessage(0, FORWARD));
    server.sockets[0].send('{');
    await expect(client.done).rejects.toThrow('JSON');
    expect(said().at(-1)).toEqual(['ended', ZERO]);
  });

  it('follows its session to another instance', async () => {
    const redirecting = createServer().on('upgrade', (_, socket) =>
      socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${server.url.replace('ws', 'http')}\r\n\r\n`),
    );
    await once(redirecting.listen(0, '127.0.0.1'), 'listening');
    const { port } = redirecting.address() as AddressInfo;
    try {
      const client = open({ url: `http://127.0.0.1:${port}/api/servo/sessions/1/stream` });
      client.send({ format: 'jpeg', bytes: Uint8Array.of(1) });
      await server.until(() => server.frames.length === 1);
      expect(server.authorizations).toEqual(['Bearer secret']);
    } finally {
      redirecting.close();
    }
  });

  it('does not insist where the server will not change its mind', async () => {
    const client = open();
    await server.until(() => server.sockets.length === 1);
    server.sockets[0].close(1008, 'The token has expired.');
    await expect(client.done).rejects.toThrow('1008: The token has expired.');
  });
});
