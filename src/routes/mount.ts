import { Router, type RequestHandler } from 'express';
import type { Endpoint, EndpointGuards } from '../middlewares/endpoint.js';
import { HttpError } from '../middlewares/problem.js';

/** Answers the other methods of a known path: `OPTIONS` with the allowed methods, the rest with 405. */
function otherMethods(allowed: readonly string[], headers: Readonly<Record<string, string>>): RequestHandler {
  const Allow = [...allowed, 'OPTIONS'].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS') {
      throw new HttpError('METHOD_NOT_ALLOWED', `${request.method} is not possible here; ${Allow} are.`, {
        Allow,
      });
    }
    response
      .set({ ...headers, Allow })
      .status(204)
      .end();
  };
}

/** Mounts endpoints under their full paths. */
export function mount(endpoints: readonly Endpoint[], guards: EndpointGuards): Router {
  const router = Router();
  for (const { operation, handle } of endpoints) {
    router[operation.method](operation.path, (request, response) => handle(request, response, guards));
  }
  const paths = new Set(endpoints.map(({ operation }) => operation.path));
  for (const path of paths) {
    const methods = endpoints
      .filter(({ operation }) => operation.path === path)
      .map(({ operation }) => operation.method.toUpperCase());
    const headers =
      endpoints.find(({ operation }) => operation.path === path)?.operation.optionsHeaders ?? {};
    router.all(path, otherMethods(methods.includes('GET') ? [...methods, 'HEAD'] : methods, headers));
  }
  return router;
}
