import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { ChildMessageChannel, messageReader } from '../../../src/supervision/message-channel.js';
import { MessageReader } from '../../../src/supervision/message-reader.js';

/** Both ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  return [near, far];
}

describe('message channel', () => {
  it('messages arrive in order, whole, with their bytes, however long they are', async () => {
    const [near, far] = await pair();
    const channel = new ChildMessageChannel(near);
    const received: { message: unknown; bytes: Uint8Array }[] = [];
    const all = new Promise<void>((resolve) => {
      const reader = messageReader({
        receive: (message, bytes) => {
          received.push({ message, bytes });
          if (received.length === 5) resolve();
        },
        broken: (error) => {
          throw error;
        },
      });
      far.on('data', (piece: Buffer) => reader.push(piece));
    });
    const image = Buffer.alloc(3_000_000, 'image');
    const tensor = { dims: [2], data: new Float32Array([0.5, -1]), ids: new BigInt64Array([1n]) };
    channel.send({ id: 1 }, image);
    channel.send({ id: 2 });
    channel.send({ id: 3, tensor });
    await new Promise<void>((resolve) => channel.send({ id: 4 }, new Uint8Array(0), resolve));
    channel.send({ id: 5 }, image.subarray(1, 70_000));
    await all;
    expect(received.map(({ message }) => message)).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3, tensor },
      { id: 4 },
      { id: 5 },
    ]);
    expect(image.equals(received[0].bytes)).toBe(true);
    expect(received.map(({ bytes }) => bytes.length)).toEqual([3_000_000, 0, 0, 0, 69_999]);
    expect(image.subarray(1, 70_000).equals(received[4].bytes)).toBe(true);
    near.destroy();
  });

  it('a channel that is closed says so by calling back, and throws nothing', async () => {
    const [near, far] = await pair();
    far.destroy();
    near.on('error', () => undefined);
    near.resume();
    await once(near, 'close');
    await new Promise<void>((resolve) =>
      new ChildMessageChannel(near).send({ id: 1 }, Buffer.alloc(10), resolve),
    );
  });

  describe('a reader of frames', () => {
    const frame = (head: string, bytes: string): Buffer => {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(head.length, 0);
      lengths.writeUInt32LE(bytes.length, 4);
      return Buffer.concat([lengths, Buffer.from(head), Buffer.from(bytes)]);
    };

    it.each([1, 2, 3, 7, 8, 9, 1000])('does not care for pieces of %d bytes', (size) => {
      const found: string[] = [];
      const reader = new MessageReader({
        frame: (head, bytes) =>
          found.push(`${Buffer.from(head).toString()}/${Buffer.from(bytes).toString()}`),
        broken: (error) => {
          throw error;
        },
      });
      const stream = Buffer.concat([frame('one', 'first'), frame('two', ''), frame('three', 'x')]);
      const scratch = Buffer.alloc(size);
      for (let from = 0; from < stream.length; from += size) {
        const length = stream.copy(scratch, 0, from, from + size);
        // The memory of a piece belongs to the code that reads from the socket.
        reader.push(scratch.subarray(0, length));
        scratch.fill(0);
      }
      expect(found).toEqual(['one/first', 'two/', 'three/x']);
    });

    it('stops at lengths that nobody sends, and at what cannot be taken', () => {
      const broken: unknown[] = [];
      const long = new MessageReader({ frame: () => fail(), broken: (error) => broken.push(error) });
      long.push(Buffer.alloc(8, 0xff));
      long.push(frame('one', ''));
      const refused = new MessageReader({
        frame: () => {
          throw new Error('not mine');
        },
        broken: (error) => broken.push(error),
      });
      refused.push(Buffer.concat([frame('one', ''), frame('two', '')]));
      expect(broken.map(String)).toEqual([
        expect.stringContaining('exceeds the limit'),
        expect.stringContaining('not mine'),
      ]);
    });

    const fail = (): never => {
      throw new Error('nothing should be found');
    };
  });

  it('a network engine ends when nobody is at the other end any more', async () => {
    const engine = path.resolve(import.meta.dirname, '../../../src/engines/model-server/main.js');
    const child = spawn(process.execPath, [engine], { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    const socket = child.stdio[3] as Socket;
    // It is there once it has said so.
    await once(socket, 'data');
    socket.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
