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

/** A router of endpoints under their full paths. */
function routerOf(endpoints: readonly Endpoint[], guards: EndpointGuards): Router {
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

/** Number of segments by which {@link mount} groups paths. */
const GROUPED_SEGMENTS = 2;

/** The beginning of a path that all paths of its group share; Express compares paths without regard to case. */
function groupOf(path: string): string {
  const segments = path.split('/', GROUPED_SEGMENTS + 1);
  return (segments.at(-1) === '' ? segments.slice(0, -1) : segments).join('/').toLowerCase();
}

/** Whether the beginning of a path can match several groups. */
const isPattern = (group: string): boolean => /[:*{]/.test(group);

/** Endpoints under their full paths. `stack` has the layers of all its routers, as in a router of Express. */
export type MountedEndpoints = RequestHandler & Pick<Router, 'stack'>;

/**
 * Mounts endpoints under their full paths. Express tries the routes of a router one after the other, so each group of paths
 * has a router of its own: the time to find a route does not grow with the number of resources.
 */
export function mount(endpoints: readonly Endpoint[], guards: EndpointGuards): MountedEndpoints {
  const beginnings = new Set(endpoints.map(({ operation }) => groupOf(operation.path)));
  const groups = [...beginnings].filter((group) => !isPattern(group));
  const within = (matches: (group: string) => boolean): Router =>
    routerOf(
      endpoints.filter(({ operation }) => matches(groupOf(operation.path))),
      guards,
    );
  const routers = new Map(
    groups.map((group) => [group, within((other) => other === group || isPattern(other))]),
  );
  const others = within(isPattern);
  const handle: RequestHandler = (request, response, next) =>
    (routers.get(groupOf(request.path)) ?? others)(request, response, next);
  return Object.assign(handle, {
    stack: [...routers.values(), others].flatMap(({ stack }) => stack),
  });
}
