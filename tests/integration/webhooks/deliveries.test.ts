import { randomBytes } from 'node:crypto';
import { Webhook as Verifier } from 'standardwebhooks';
import { AppError } from '../../../src/errors/app-error.js';
import type { Webhook } from '../../../src/domain/webhook.js';
import { webhookMessage } from '../../../src/schemas/webhook-message.schema.js';
import { startPythonReceiver, verifiesWebhooks } from '../../support/python-webhook-receiver.js';
import { startReceiver, type ReceivedMessage, type WebhookReceiver } from '../../support/webhook-receiver.js';
import { eventually } from '../jobs/job-world.js';
import { openWebhookWorld, QUICK, type WebhookWorld } from './webhook-world.js';

const PYTHON = process.env.INFERNODE_PYTHON ?? 'python3';

let world: WebhookWorld;
let receiver: WebhookReceiver;

/** Verifies a message as receivers do; throws if it is not from here. */
function verified(message: ReceivedMessage, secret: string) {
  const headers = message.headers as Record<string, string>;
  return webhookMessage.parse(new Verifier(secret).verify(message.body, headers));
}

/** Deliveries with their attempts; without what a newer message has replaced while they were read one by one. */
const deliveriesOf = async ({ id }: Webhook) => {
  const filter = { webhookId: id, limit: 100 };
  const { rows } = await world.webhooks.deliveries(filter, world.principal);
  const details = await Promise.all(
    rows.map(({ id: delivery }) =>
      world.webhooks.delivery(delivery, id, world.principal).catch((error: unknown) => {
        if (error instanceof AppError && error.code === 'NOT_FOUND') return null;
        throw error;
      }),
    ),
  );
  return details.filter((detail) => detail !== null).map(({ delivery }) => delivery);
};

const allDelivered = (webhook: Webhook, count: number) =>
  eventually(`${count} deliveries`, async () => {
    const rows = await deliveriesOf(webhook);
    return rows.length === count && rows.every(({ status }) => status === 'delivered') && rows;
  });

/** Receivers of the test that runs. */
const receivers: WebhookReceiver[] = [];
async function openReceiver(): Promise<WebhookReceiver> {
  const opened = await startReceiver();
  receivers.push(opened);
  return opened;
}

describe('deliveries of webhooks', () => {
  beforeAll(async () => {
    world = await openWebhookWorld();
  });
  afterAll(() => world.close());

  beforeEach(async () => {
    receiver = await openReceiver();
  });
  afterEach(async () => {
    await world.stop();
    await world.pool.query('DELETE FROM webhooks');
    await Promise.all(receivers.splice(0).map((one) => one.close()));
  });

  it('each end of a job is delivered, signed, and says what the job is', async () => {
    const webhook = await world.add({ url: receiver.url });
    world.start();
    const aborted = await world.aborted();
    const { id } = await world.create({ frames: 10 });
    const claim = await world.recorder.claim();
    await world.recorder.recordFailure(claim!, new AppError('VIDEO_CORRUPT', { message: 'It is damaged.' }));

    await allDelivered(webhook, 2);
    const messages = receiver.received
      .map((message) => verified(message, webhook.secret))
      .sort((a, b) => (a.type < b.type ? -1 : 1));

    expect(messages.map(({ type, data }) => [type, data.jobId, data.status])).toEqual([
      ['job.aborted', aborted.id, 'ABORTED'],
      ['job.failed', id, 'FAILED'],
    ]);
    expect(messages[1].data).toMatchObject({
      attempt: 1,
      cost: { quoted: 0.02, held: 0, captured: 0 },
      error: { code: 'VIDEO_CORRUPT', message: 'It is damaged.' },
      links: { job: `/api/jobs/${id}`, json: null },
    });
  });

  (verifiesWebhooks(PYTHON) ? it : it.skip)('a receiver in Python verifies the messages', async () => {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const python = await startPythonReceiver(PYTHON, secret);
    const webhook = await world.add({ url: python.url, secret });
    world.start();
    const { id } = await world.aborted();

    await allDelivered(webhook, 1);
    await python.close();

    expect(python.seen).toEqual([{ verified: true, type: 'job.aborted', jobId: id }]);
  });

  it('an event is stored with the change it tells, also while no worker runs, and never without it', async () => {
    const webhook = await world.add({ url: receiver.url });
    const { id } = await world.aborted();
    const lost = await world.create({});
    await world.persistence.unitOfWork
      .run(async ({ jobs }) => {
        await jobs.finish(lost.id, 'ABORTED', null);
        await jobs.appendEvent(lost.id, 'status', { status: 'ABORTED', attempt: 0 });
        throw new Error('rolled back');
      })
      .catch(() => undefined);

    world.start();
    await allDelivered(webhook, 1);

    expect(receiver.received.map((message) => verified(message, webhook.secret).data.jobId)).toEqual([id]);
    await world.jobs.cancel(lost.id, { principal: world.principal });
  });

  it('a server that is down for the first five attempts, and for others answers 500, gets everything', async () => {
    const webhook = await world.add({ url: receiver.url });
    receiver.answer = (response, _message, index) => {
      if (index < 5) response.destroy();
      else response.writeHead(index < 8 ? 500 : 200).end('so it is');
    };
    world.start();
    const jobs = [await world.aborted(), await world.aborted(), await world.aborted()];

    const rows = await allDelivered(webhook, 3);
    const accepted = receiver.received
      .slice(8)
      .map((message) => verified(message, webhook.secret).data.jobId);

    expect(new Set(accepted)).toEqual(new Set(jobs.map(({ id }) => id)));
    const attempts = rows.flatMap((row) => row.attempts);
    expect(attempts.filter(({ delivered }) => !delivered)).toHaveLength(8);
    expect(attempts.filter(({ response }) => response?.status === 500)).toHaveLength(3);
    // All attempts of a message have its id; the time is that of the attempt.
    for (const { id, attempt } of rows) {
      const same = receiver.received.filter(({ headers }) => headers['webhook-id'] === id);
      expect(same).toHaveLength(attempt);
    }
    const { failures, pausedUntil } = await world.webhooks.get(webhook.id, world.principal);
    expect([failures, pausedUntil]).toEqual([0, null]);
  });

  it('the circuit breaker opens after five failures, and then one message probes', async () => {
    const webhook = await world.add({ url: receiver.url });
    receiver.answer = (response) => response.writeHead(503).end();
    await Promise.all(Array.from({ length: 8 }, () => world.aborted()));
    world.start({ ...QUICK, firstPauseMs: 3_600_000, maxPauseMs: 3_600_000 });

    const paused = await eventually('an open circuit breaker', async () => {
      const row = await world.webhooks.get(webhook.id, world.principal);
      return row.pausedUntil && row;
    });
    // Two at a time: the sixth was already on its way.
    expect(paused.failures).toBeGreaterThanOrEqual(5);
    await eventually('no attempt under way', async () => {
      const { rows } = await world.pool.query('SELECT 1 FROM webhook_deliveries WHERE fence IS NOT NULL');
      return rows.length === 0;
    });
    const before = receiver.received.length;
    expect(before).toBeLessThanOrEqual(6);

    // The owner says that it works again: everything is sent now.
    receiver.answer = (response) => response.writeHead(200).end();
    await world.webhooks.update(webhook.id, world.principal, { enabled: true });
    await allDelivered(webhook, 8);
    expect(receiver.received).toHaveLength(before + 8);
  });

  it('a redirect is a failure, and 410 disables the endpoint with an audit entry', async () => {
    const webhook = await world.add({ url: receiver.url });
    receiver.answer = (response, _message, index) =>
      index === 0 ? response.writeHead(307, { location: receiver.url }).end() : response.writeHead(410).end();
    world.start();
    await world.aborted();

    const gone = await eventually('a disabled endpoint', async () => {
      const row = await world.webhooks.get(webhook.id, world.principal);
      return row.disabledReason && row;
    });
    const [delivery] = await deliveriesOf(webhook);
    const audit = await world.persistence.unitOfWork.read.audit.newest(1);

    expect(gone.disabledReason).toBe('gone');
    expect(delivery.status).toBe('failed');
    expect(delivery.attempts.map(({ response }) => response?.status)).toEqual([307, 410]);
    expect(audit).toMatchObject([
      { actor: 'system', action: 'disableWebhook', subject: { webhookId: webhook.id, reason: 'gone' } },
    ]);
  });

  it('an endpoint that has failed for five days is disabled; messages end after their time', async () => {
    const webhook = await world.add({ url: receiver.url });
    receiver.answer = (response) => response.writeHead(500).end();
    await world.pool.query(`UPDATE webhooks SET failures = 3, failing_since = now() - interval '6 days'`);
    await world.aborted();
    world.start();
    await eventually('a disabled endpoint', async () => {
      const { disabledReason } = await world.webhooks.get(webhook.id, world.principal);
      return disabledReason === 'failing';
    });

    await world.pool.query('UPDATE webhook_deliveries SET expires_at = now()');

    await eventually('an expired message', async () => (await deliveriesOf(webhook))[0].status === 'failed');
  });

  it('a server that hangs delays neither the job nor the messages of others', async () => {
    const hanging = await openReceiver();
    hanging.answer = () => undefined;
    const [slow, quick] = [await world.add({ url: hanging.url }), await world.add({ url: receiver.url })];
    world.start();
    const jobs = await Promise.all(Array.from({ length: 10 }, () => world.aborted()));

    expect(jobs.every(({ status }) => status === 'ABORTED')).toBe(true);
    await allDelivered(quick, 10);
    // At most two messages wait for the same server.
    expect(hanging.received.length).toBeLessThanOrEqual(2);
    expect((await deliveriesOf(slow)).every(({ status }) => status === 'pending')).toBe(true);
    await world.stop();
    // What was cut short by the end of the worker is not counted as an attempt.
    expect((await deliveriesOf(slow)).map(({ attempt }) => attempt)).toEqual(Array(10).fill(0));
  });

  it('many endpoints that hang leave room for those of others', async () => {
    const hanging = await openReceiver();
    hanging.answer = () => undefined;
    const other = await world.persistence.unitOfWork.run(({ users }) =>
      users.create({ email: 'other@example.com', passwordHash: 'x', role: 'user' }),
    );
    const principal = { userId: other.id, email: other.email, role: 'user' as const };
    const quick = await world.webhooks.create(principal, { url: receiver.url });
    const slow = await Promise.all(Array.from({ length: 12 }, () => world.add({ url: hanging.url })));
    for (const { id } of slow) await world.webhooks.ping(id, world.principal);
    world.start();
    await hanging.arrived(4);
    await world.webhooks.ping(quick.id, principal);

    // Those that hang have a time limit of 20 s; the other message does not wait for it.
    await receiver.arrived(1);
    const { rows } = await world.pool.query(
      'SELECT 1 FROM webhook_deliveries WHERE attempted_at IS NOT NULL',
    );

    // Four of the one user, and the message of the other.
    expect(rows.length).toBe(5);
    expect(hanging.received.length).toBe(4);
    await world.stop();
  });

  it('after a rotation both secrets sign until the old one expires', async () => {
    const old = await world.add({ url: receiver.url });
    const rotated = await world.webhooks.rotate(old.id, world.principal, { graceSeconds: 3600 });
    world.start();
    await world.aborted();
    await allDelivered(rotated, 1);

    expect(rotated.secret).not.toBe(old.secret);
    verified(receiver.received[0], old.secret);
    verified(receiver.received[0], rotated.secret);

    const last = await world.webhooks.rotate(old.id, world.principal, { graceSeconds: 0 });
    await world.aborted();
    await allDelivered(rotated, 2);
    verified(receiver.received[1], last.secret);
    // The first secret has its hour left, the second one ended at once.
    verified(receiver.received[1], old.secret);
    expect(() => verified(receiver.received[1], rotated.secret)).toThrow();
  });

  it('events, tasks, datasets and the batch filter what an endpoint gets', async () => {
    const url = receiver.url;
    const starts = await world.add({ url: `${url}/starts`, events: ['job.started'] });
    await world.add({ url: `${url}/other-task`, tasks: ['inpainting'] });
    await world.add({ url: `${url}/other-dataset`, datasetIds: ['0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c'] });
    const both = await world.add({ url: `${url}/both`, tasks: ['cns'], datasetIds: [world.datasetId] });
    const parameters = { frames: 10, folder: world.folder };
    const request = { principal: world.principal, datasetId: world.datasetId, task: 'cns', parameters };
    const single = await world.create({});
    await world.recorder.claim();
    const created = await world.jobs.create({ ...request, range: '0-1', webhook: { url: `${url}/batch` } });
    world.start();
    for (const { id } of [...created.jobs, single])
      await world.jobs.cancel(id, { principal: world.principal });

    await allDelivered(starts, 1);
    await allDelivered(both, 3);
    await allDelivered(created.webhook!, 2);

    const paths = receiver.received.map(({ path }) => path).toSorted();
    expect(paths).toEqual([
      '/hook/batch',
      '/hook/batch',
      '/hook/both',
      '/hook/both',
      '/hook/both',
      '/hook/starts',
    ]);
    const forBatch = receiver.received.filter(({ path }) => path === '/hook/batch');
    const ids = forBatch.map((message) => verified(message, created.webhook!.secret).data.jobId);
    expect(new Set(ids)).toEqual(new Set(created.jobs.map(({ id }) => id)));
    expect((await world.webhooks.list(world.principal, { limit: 10 })).rows).toHaveLength(4);
  });

  it('the endpoint of one request is of no concern to the jobs of others', async () => {
    const parameters = { frames: 10, folder: world.folder };
    const request = { principal: world.principal, datasetId: world.datasetId, task: 'cns', parameters };
    const { jobs } = await world.jobs.create({ ...request, webhook: { url: receiver.url } });
    const other = await world.create({});
    for (const { id } of [...jobs, other]) await world.jobs.cancel(id, { principal: world.principal });

    const { webhooks } = world.persistence.unitOfWork.read;
    const { userId } = world.principal;
    expect(await webhooks.listEnabled(userId, jobs[0].batchId)).toHaveLength(1);
    expect(await webhooks.listEnabled(userId, other.batchId)).toEqual([]);
    const sql = 'SELECT job_id AS "jobId" FROM webhook_events';
    const { rows } = await world.pool.query<{ jobId: string }>(sql);
    const ids = new Set(rows.map(({ jobId }) => jobId));
    expect([...jobs, other].map(({ id }) => ids.has(id))).toEqual([...jobs.map(() => true), false]);
  });

  it('progress is replaced by newer progress, at most every 500 ms, and ends with the job', async () => {
    const webhook = await world.add({ url: receiver.url, events: ['job.progress', 'job.aborted'] });
    const { id } = await world.create({});
    const claim = await world.recorder.claim();
    const report = (done: number) =>
      world.recorder.progress(claim!, { done, total: 10, percent: done * 10, stage: 'infer' });
    for (let done = 1; done <= 5; done += 1) await report(done);
    world.start();
    await allDelivered(webhook, 1);
    // An attempt of the future stands for one that was made just now.
    await world.pool.query(`UPDATE webhook_deliveries SET attempted_at = now() + interval '1 hour'`);
    await report(6);
    const [waiting] = await eventually('the next message', async () => {
      const { rows } = await world.pool.query<{ gap: number }>(
        `SELECT extract(milliseconds FROM next_attempt_at - attempted_at)::int AS gap FROM webhook_deliveries
          WHERE status = 'pending'`,
      );
      return rows.length > 0 && rows;
    });
    await world.jobs.cancel(id, { principal: world.principal });
    // The message that waits is dropped, since the job has ended.
    await allDelivered(webhook, 1);

    expect(receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
      'job.progress',
      'job.aborted',
    ]);
    expect(receiver.received[0].body).toContain('"done":5');
    expect(waiting.gap).toBe(500);
  });

  it('a message that a lost worker was sending is sent again', async () => {
    const webhook = await world.add({ url: receiver.url });
    await world.aborted();
    world.start();
    await allDelivered(webhook, 1);
    // As a worker leaves the row that is killed after the request and before the record.
    await world.pool.query(
      `UPDATE webhook_deliveries SET status = 'pending', finished_at = NULL, next_attempt_at = now(),
              fence = gen_random_uuid(), lease_expires_at = now() - interval '1 second'`,
    );

    await eventually('the second attempt', async () => receiver.received.length === 2);
    const [first, second] = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(second).toBe(first);
  });

  it('a test message and a redelivery are sent at once', async () => {
    const webhook = await world.add({ url: receiver.url, events: ['job.failed'] });
    world.start();
    const ping = await world.webhooks.ping(webhook.id, world.principal);
    await allDelivered(webhook, 1);
    await world.webhooks.redeliver(ping.id, webhook.id, world.principal);
    await receiver.arrived(2);

    for (const { headers, body } of receiver.received) {
      expect(headers['webhook-id']).toBe(ping.id);
      expect(JSON.parse(body)).toMatchObject({ type: 'webhook.ping', data: { webhookId: webhook.id } });
    }
  });
});
