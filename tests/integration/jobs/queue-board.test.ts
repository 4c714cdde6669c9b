import express from 'express';
import request from 'supertest';
import { createQueueBoard } from '../../../src/queue/queue-board.js';
import { openPostgresQueue } from '../../../src/queue/postgres-board-queue.js';
import { openJobWorld, type JobWorld } from './job-world.js';

const BASE = '/api/admin/queues';

let world: JobWorld;
let queue: ReturnType<typeof openPostgresQueue>;

beforeAll(async () => {
  world = await openJobWorld();
  queue = openPostgresQueue(world.pool, '');
});

afterAll(async () => {
  await queue.close();
  await world.close();
});

const appWith = (options?: { readOnly: boolean }) =>
  express().use(BASE, createQueueBoard([queue], BASE, options));

test('the board shows the page and the hints that wait in Postgres', async () => {
  const { id } = await world.create({});
  const app = appWith();

  const page = await request(app).get(BASE);
  const listed = await request(app).get(`${BASE}/api/queues?activeQueue=inference&status=waiting`);

  expect(page.status).toBe(200);
  expect(page.text).toContain(`<base href="${BASE}/"`);
  expect(listed.body.queues[0]).toMatchObject({ name: 'inference', counts: { waiting: 1 } });
  expect(listed.body.queues[0].jobs[0]).toMatchObject({ id, data: { jobId: id } });
});

test('a read-only board refuses to touch hints', async () => {
  const { id } = await world.create({});

  const refused = await request(appWith({ readOnly: true })).put(`${BASE}/api/queues/inference/${id}/clean`);

  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(await world.queue.knows(id)).toBe(true);
});

test('removing a hint on the board costs the job nothing: its row still says PENDING', async () => {
  const { id } = await world.create({});

  const removed = await request(appWith()).put(`${BASE}/api/queues/inference/${id}/clean`);

  expect(removed.status).toBeLessThan(300);
  expect(await world.queue.knows(id)).toBe(false);
  expect((await world.read(id)).status).toBe('PENDING');
});
