import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { sendProblem } from '../../../src/middlewares/error-handler.js';
import type { Endpoint, EndpointGuards } from '../../../src/middlewares/endpoint.js';
import { mount } from '../../../src/routes/mount.js';
import { allOperations } from '../../../src/schemas/openapi.js';
import type { Operation } from '../../../src/schemas/operation.js';

/** Answers with the id of the operation. */
const naming = (operation: Operation): Endpoint => ({
  operation,
  handle: async (_request, response) => void response.set('Operation', operation.operationId).end(),
});

/** No endpoint of these tests uses them. */
const NO_GUARDS = {} as EndpointGuards;

/** A path of an operation whose parameters have a value that is no name of another path. */
const exampleOf = ({ path }: Pick<Operation, 'path'>): string => path.replaceAll(/[:*]\w+/g, 'Any.Thing-1');

describe('mounted endpoints', () => {
  const servers: Server[] = [];
  const serve = async (endpoints: readonly Endpoint[]) => {
    const app = express().use(mount(endpoints, NO_GUARDS));
    app.use((_request, response) => void response.status(404).end());
    app.use(
      (error: unknown, request: express.Request, response: express.Response, _next: express.NextFunction) =>
        sendProblem(error, request, response),
    );
    const server = createServer(app).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    return (path: string, method = 'get') => fetch(origin + path, { method: method.toUpperCase() });
  };
  afterAll(() => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });

  it('answer at their own path, in any case and with a slash at the end', async () => {
    const request = await serve(allOperations.map(naming));
    const spelled = allOperations.flatMap(({ path: declared, method, operationId }) => {
      const path = exampleOf({ path: declared });
      const other = path === '/' ? path : `${path.toUpperCase()}/`;
      return [path, other].map((sent) => ({ sent, method, operationId }));
    });
    const answers = await Promise.all(spelled.map(({ sent, method }) => request(sent, method)));
    expect(answers.map(({ headers }, index) => [spelled[index].sent, headers.get('operation')])).toEqual(
      spelled.map(({ sent, operationId }) => [sent, operationId]),
    );
  });

  it('tell the methods of a path, and leave unknown paths to the next handler', async () => {
    const request = await serve(allOperations.map(naming));
    const options = await request('/API/dataset', 'options');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST, GET, HEAD, OPTIONS']);
    expect((await request('/api/dataset', 'delete')).status).toBe(405);
    for (const unknown of ['//', '//api/dataset', '/api', '/api/dataset/a/b/c/d', '/api/%64ataset'])
      expect([unknown, (await request(unknown)).status]).toEqual([unknown, 404]);
  });

  it('are tried in their order, also where a path begins with a parameter', async () => {
    const [example] = allOperations;
    const at = (path: string): Endpoint => naming({ ...example, method: 'get', path, operationId: path });
    const request = await serve([
      at('/things/special'),
      at('/:kind/:name'),
      at('/things/:name'),
      at('/:kind'),
    ]);
    const answers = await Promise.all(
      ['/things/special', '/things/other', '/people/ada', '/people'].map((path) => request(path)),
    );
    expect(answers.map(({ headers }) => headers.get('operation'))).toEqual([
      '/things/special',
      '/:kind/:name',
      '/:kind/:name',
      '/:kind',
    ]);
  });
});
