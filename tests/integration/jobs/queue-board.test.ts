import express from 'express';
import request from 'supertest';
import { boardJobsOf } from '../../../src/composition/board-jobs.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { errorHandler } from '../../../src/middlewares/error-handler.js';
import { requestContext } from '../../../src/middlewares/request-context.js';
import { createQueueBoard } from '../../../src/queue/queue-board.js';
import { openPostgresQueue } from '../../../src/queue/postgres-board-queue.js';
import { openJobWorld, type JobWorld } from './job-world.js';

const BASE = '/api/admin/queues';

let world: JobWorld;
let queue: ReturnType<typeof openPostgresQueue>;

describe('queue board', () => {
  beforeAll(async () => {
    world = await openJobWorld();
    queue = openPostgresQueue(world.pool, '');
  });

  afterAll(async () => {
    await queue.close();
    await world.close();
  });

  const appWith = (options: { readOnly?: boolean } = {}) =>
    express()
      .disable('x-powered-by')
      .use(
        BASE,
        createQueueBoard([queue], BASE, { ...options, findJobs: boardJobsOf(world.persistence.unitOfWork) }),
      );

  it('the board shows the page and the queue messages that wait in Postgres', async () => {
    const { id } = await world.create({});
    const app = appWith();

    const page = await request(app).get(BASE);
    const listed = await request(app).get(`${BASE}/api/queues?activeQueue=inference&status=waiting`);

    expect(page.status).toBe(200);
    expect(page.text).toContain(`<base href="${BASE}/"`);
    expect(listed.body.queues[0]).toMatchObject({ name: 'inference', counts: { waiting: 1 } });
    const { userId } = await world.read(id);
    const user = (await world.persistence.unitOfWork.read.users.findById(userId))?.email;
    expect(user).toContain('@');
    expect(listed.body.queues[0].jobs[0]).toMatchObject({
      id,
      name: expect.stringContaining(`${user}`),
      data: { jobId: id, user, status: 'PENDING', task: expect.any(String), progress: null },
      progress: 0,
    });
  });

  it('the page links to no other site and does not name its framework', async () => {
    const page = await request(appWith()).get(BASE);
    expect(page.headers).not.toHaveProperty('x-powered-by');
    expect(page.text).toContain('<link');
    expect(page.text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//);
  });

  it('a read-only board refuses to touch queue messages', async () => {
    const { id } = await world.create({});

    const refused = await request(appWith({ readOnly: true })).put(
      `${BASE}/api/queues/inference/${id}/clean`,
    );

    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(await world.queue.knows(id)).toBe(true);
  });

  it('removing a queue message on the board costs the job nothing: its row still says PENDING', async () => {
    const { id } = await world.create({});

    const removed = await request(appWith()).put(`${BASE}/api/queues/inference/${id}/clean`);

    expect(removed.status).toBeLessThan(300);
    expect(await world.queue.knows(id)).toBe(false);
    expect((await world.read(id)).status).toBe('PENDING');
  });

  it.each([
    ['GET', '/api/queues?activeQueue=inference&status=%00'],
    ['GET', '/api/queues?activeQueue=inference&status=completed&page=2147483648'],
    ['GET', '/api/queues?activeQueue=inference&status=completed&jobsPerPage=9223372036854775808'],
    ['GET', '/api/queues/inference/%00'],
    ['PUT', '/api/queues/inference/:id/promote'],
  ])('%s %s is refused as invalid, without SQL', async (method, path) => {
    const { id } = await world.create({});
    const app = express().use(requestContext).use(appWith()).use(errorHandler(silentLogger));
    const url = `${BASE}${path.replace(':id', id)}`;

    const answer = await (method === 'GET' ? request(app).get(url) : request(app).put(url));

    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION']);
    expect(answer.text).not.toMatch(/integer|encoding|syntax/);
  });
});
