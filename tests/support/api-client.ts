import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { allOperations, buildOpenApiDocument, toOpenApiPath } from '../../src/schemas/openapi.js';

/** A response with its JSON body; `text` is the body as it came. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null for other bodies. */
  readonly json: unknown;
  /** Part of the JSON body, such as `dataset.videos.0.id`; undefined when there is none. */
  at(path: string): unknown;
}

function partOf(json: unknown, path: string): unknown {
  let part = json;
  for (const key of path.split('.')) {
    part = typeof part === 'object' && part !== null ? Reflect.get(part, key) : undefined;
  }
  return part;
}

interface PathItem {
  readonly [method: string]: {
    readonly responses: Record<string, { content?: Record<string, { schema?: object }> }>;
  };
}

const document = buildOpenApiDocument({ version: 'test' });
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ ...document, $id: 'openapi' });
const validators = new Map<string, ValidateFunction>();

function escape(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function operationOf(method: string, pathname: string) {
  return allOperations.find(
    ({ method: own, path }) =>
      own === method.toLowerCase() && new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`).test(pathname),
  );
}

/**
 * Checks that an answer is as the document says: status, type and body.
 * @throws Error that names the difference.
 */
function checkDocumented(method: string, pathname: string, response: ApiResponse): void {
  const operation = operationOf(method, pathname);
  if (!operation) return;
  const path = toOpenApiPath(operation.path);
  const item = (document.paths as Record<string, PathItem>)[path];
  const status = String(response.status);
  const documented = item[operation.method].responses[status];
  if (!documented)
    throw new Error(`${method} ${pathname} answered ${status}, which is not documented: ${response.text}`);
  const type = (response.headers.get('content-type') ?? '').split(';')[0];
  const content = documented.content ?? {};
  if (!type.endsWith('json')) return;
  if (!(type in content)) throw new Error(`${method} ${pathname}: ${type} is not documented for ${status}.`);
  const pointer = ['paths', path, operation.method, 'responses', status, 'content', type, 'schema'].map(
    escape,
  );
  const reference = `openapi#/${pointer.join('/')}`;
  const validate = validators.get(reference) ?? ajv.compile({ $ref: reference });
  validators.set(reference, validate);
  if (!validate(response.json)) {
    throw new Error(`${method} ${pathname} ${status}: ${ajv.errorsText(validate.errors)}\n${response.text}`);
  }
}

/** Calls the API and holds every answer against the OpenAPI document. */
export class ApiClient {
  constructor(
    readonly url: string,
    readonly token?: string,
    /** Sent with every request. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  get(path: string, init: RequestInit = {}): Promise<ApiResponse> {
    return this.call('GET', path, init);
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.#send('POST', path, body, headers);
  }

  put(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.#send('PUT', path, body, headers);
  }

  patch(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return this.#send('PATCH', path, body, headers);
  }

  delete(path: string): Promise<ApiResponse> {
    return this.call('DELETE', path, {});
  }

  /** Any request; the token is added. */
  async call(method: string, path: string, init: RequestInit): Promise<ApiResponse> {
    const headers = new Headers({ ...this.headers, ...Object.fromEntries(new Headers(init.headers)) });
    if (this.token !== undefined && !headers.has('authorization'))
      headers.set('authorization', `Bearer ${this.token}`);
    const answer = await fetch(`${this.url}${path}`, { redirect: 'manual', ...init, method, headers });
    const text = await answer.text();
    const isJson = method !== 'HEAD' && /json/.test(answer.headers.get('content-type') ?? '');
    const json: unknown = isJson ? JSON.parse(text) : null;
    const response: ApiResponse = {
      status: answer.status,
      headers: answer.headers,
      text,
      json,
      at: (part) => partOf(json, part),
    };
    checkDocumented(method, new URL(path, this.url).pathname, response);
    return response;
  }

  #send(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<ApiResponse> {
    if (body === undefined) return this.call(method, path, { headers });
    const type = { 'content-type': 'application/json' };
    return this.call(method, path, { headers: { ...type, ...headers }, body: JSON.stringify(body) });
  }
}
