import { Sequelize } from 'sequelize';
import { runPrepared } from '../../../src/dao/prepared-statement.js';

const STATEMENT = { name: 'one', text: 'SELECT $1::int AS one' };

/** A pool whose only connection does as it is told, and what became of that connection. */
function poolOf(query: (statement: unknown) => Promise<unknown>) {
  const sequelize = new Sequelize('postgres://nobody@127.0.0.1:1/none', { logging: false });
  const fate: string[] = [];
  const connection = { query };
  Object.assign(sequelize.connectionManager, {
    getConnection: () => Promise.resolve(connection),
    releaseConnection: (given: object) => fate.push(given === connection ? 'released' : 'mistaken'),
    destroyConnection: (given: object) => {
      fate.push(given === connection ? 'destroyed' : 'mistaken');
      return Promise.resolve();
    },
  });
  return { sequelize, fate };
}

const failing = (error: Error) => poolOf(() => Promise.reject(error));

describe('prepared statement', () => {
  it('asks by name with its values, and gives the connection back', async () => {
    const asked: unknown[] = [];
    const { sequelize, fate } = poolOf((statement) => {
      asked.push(statement);
      return Promise.resolve({ rows: [{ one: 1 }] });
    });
    expect(await runPrepared(sequelize, STATEMENT, [1])).toEqual([{ one: 1 }]);
    expect(asked).toEqual([{ ...STATEMENT, values: [1] }]);
    expect(fate).toEqual(['released']);
  });

  it('a connection whose statement the database refused serves the next', async () => {
    const refused = Object.assign(new Error('invalid input syntax for type integer'), { code: '22P02' });
    const { sequelize, fate } = failing(refused);
    await expect(runPrepared(sequelize, STATEMENT, ['x'])).rejects.toBe(refused);
    expect(fate).toEqual(['released']);
  });

  it.each([
    ['that was not answered in time', new Error('Query read timeout')],
    ['that broke', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['that nobody reads from', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })],
    ['that the server ended', Object.assign(new Error('terminating connection'), { code: '57P01' })],
  ])('a connection %s serves nobody any more', async (_what, error) => {
    const { sequelize, fate } = failing(error);
    await expect(runPrepared(sequelize, STATEMENT, [1])).rejects.toBe(error);
    expect(fate).toEqual(['destroyed']);
  });
});
