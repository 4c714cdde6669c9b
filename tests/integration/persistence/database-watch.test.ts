import { createPersistence, type Persistence } from '../../../src/composition/persistence.js';
import { DatabaseWatch } from '../../../src/composition/database-watch.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { OutboxQueue } from '../../support/outbox-queue.js';
import { eventually } from '../jobs/job-world.js';
import { TcpProxy } from '../jobs/tcp-proxy.js';

let database: TestDatabase;
let line: TcpProxy;
let persistence: Persistence;
const changes: boolean[] = [];

describe('database watch', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    const url = new URL(database.url);
    line = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await line.mend();
    url.host = `127.0.0.1:${line.port}`;
    const config = { ...database.config, url: url.href, poolMax: 2 };
    const watch = new DatabaseWatch({ url: url.href, onChange: (answers) => changes.push(answers) });
    persistence = createPersistence(config, new OutboxQueue(database.sequelize), { watch });
  });

  afterAll(async () => {
    line.thaw();
    await persistence.close();
    await line.cut();
    await database.close();
  });

  const unavailable = { code: 'DATABASE_UNAVAILABLE', kind: 'unavailable', retryAfterSeconds: 2 };
  const find = () => persistence.unitOfWork.read.users.findByEmail('nobody@example.com');

  it('callers of a server that stops answering are told so, also those who wait for a connection', async () => {
    expect(await find()).toBeNull();
    const frozenInside = persistence.unitOfWork.run(async ({ users }) => {
      await users.findByEmail('nobody@example.com');
      line.freeze();
      await users.create({ email: 'half@example.com', passwordHash: 'x', role: 'user' });
    });
    await expect(frozenInside).rejects.toMatchObject(unavailable);
    const waiting = Array.from({ length: 6 }, find);
    await Promise.all(waiting.map((caller) => expect(caller).rejects.toMatchObject(unavailable)));
    await expect(persistence.ping()).rejects.toMatchObject(unavailable);
    expect(changes.at(-1)).toBe(false);
  });

  it('when it answers again, everything goes on, and nothing of the failed transaction is left', async () => {
    line.thaw();
    await eventually('an answer', () =>
      find().then(
        () => true,
        () => false,
      ),
    );
    expect(changes.at(-1)).toBe(true);
    expect(await persistence.unitOfWork.read.users.findByEmail('half@example.com')).toBeNull();
  });
});
