import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import express from 'express';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SharedCounts } from '../../../src/domain/rate-count.js';
import { requestLimiter } from '../../../src/middlewares/rate-limit.js';

describe('the limit of requests', () => {
  it('counts requests without an address together', async () => {
    const keys: string[] = [];
    const counted = { points: 1, endsAt: Date.now() + 60_000 };
    const counts: SharedCounts = {
      peek: () => counted,
      read: () => Promise.resolve(counted),
      add: (key) => {
        keys.push(key);
        return Promise.resolve(counted);
      },
      remove: () => Promise.resolve(),
    };
    const limit = { perMinute: 100, counts };
    const app = express().use(requestLimiter({ requests: limit, frames: limit }), (_, response) => {
      response.sendStatus(204);
    });
    const folder = await mkdtemp(path.join(tmpdir(), 'infernode-limit-'));
    const socketPath = path.join(folder, 'socket');
    const server = createServer(app).listen(socketPath);
    try {
      await once(server, 'listening');
      const [response] = (await once(get({ socketPath, path: '/' }), 'response')) as [IncomingMessage];
      response.resume();
      expect(response.statusCode).toBe(204);
      expect(keys).toEqual(['unknown']);
    } finally {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    }
  });
});
