import type { Request, Response } from 'express';
import type { z } from 'zod';
import {
  readCredential,
  type Authenticator,
  type Caller,
  type WatchedCredential,
} from '../domain/credential.js';
import type { IdempotencyRepository } from '../domain/repositories/idempotency.repository.js';
import type { AdmittedUpload } from '../domain/quota.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { requireScope } from '../domain/scopes.js';
import { tokenProblem, validationFailed } from '../errors/common-errors.js';
import { valueAt } from '../errors/given-value.js';
import { withLogContext } from '../logging/log-context.js';
import type { Authorisation, Operation, OperationShape } from '../schemas/operation.js';
import type { BodySchema } from '../schemas/request-body.js';
import { authenticateAgain, authenticateRequest, type Requirement } from './authenticate.js';
import { receiveBody, type BodyReceivers, type Received } from './body/receive-body.js';
import { NO_RECEIPT, runIdempotently, type IdempotentRequest, type Receipt } from './idempotency.js';
import type { FormImage } from './image-form.js';
import type { ReceivedFile, ReceivedFiles } from './multipart.js';
import { HANDLED, sendReply, type Reply } from './reply.js';
import { validateBody, validateParameters, type ValidatedInput } from './validate.js';

type ParamsOf<Op> = Op extends OperationShape<infer Params> ? z.output<Params> : never;
type QueryOf<Op> = Op extends OperationShape<z.ZodObject, infer Query> ? z.output<Query> : never;
type BodyOf<Op> =
  Op extends OperationShape<z.ZodObject, z.ZodObject, infer Body> ? z.output<BodySchema<Body>> : never;

/** A validated, authorised request, typed by its operation. */
export interface Call<Op> {
  readonly params: ParamsOf<Op>;
  readonly query: QueryOf<Op>;
  readonly body: BodyOf<Op>;
  /** The caller. @throws AppError TOKEN_MISSING on public operations without a token. */
  readonly principal: Principal;
  /** The caller's credential, for responses that stay open. @throws AppError TOKEN_MISSING like the caller. */
  readonly credential: WatchedCredential;
  /** For operations that are charged: stores the response in the transaction of the work. */
  readonly receipt: Receipt;
  /**
   * An uploaded file of a multipart operation; deleted after the handler returns, unless it was moved.
   * @throws AppError VALIDATION when the form lacks it.
   */
  file(field: string): ReceivedFile;
  /** Like {@link file}, for a field that may be sent several times. */
  files(field: string): readonly ReceivedFile[];
  /** Like {@link file}, for an optional field. */
  optionalFile(field: string): ReceivedFile | undefined;
  /** Images of a form, in the order of the form; empty for JSON. */
  readonly images: readonly FormImage[];
  /** Bytes of the caller's quota that are reserved for the files of this request. */
  readonly reservation?: string;
  readonly request: Request;
  readonly response: Response;
}

/** Answers one operation. */
export type Handler<Op> = (call: Call<Op>) => Promise<Reply | typeof HANDLED>;

/** Cross-cutting services used by every endpoint. */
export interface EndpointGuards {
  readonly authenticator: Authenticator;
  readonly idempotency: IdempotencyRepository;
  readonly bodies: BodyReceivers;
  readonly audit: AuditTrail;
  readonly quotas: QuotaGuard;
}

/** Limits what a user may send. */
interface QuotaGuard {
  countRequest(caller: Principal): Promise<void>;
  admitUpload(caller: Principal, bytes: number): Promise<AdmittedUpload>;
}

/** Records what admins view and change. */
interface AuditTrail {
  record(admin: Principal, action: string, subject: Readonly<Record<string, unknown>>): Promise<void>;
}

/** An operation with its handler, ready to be mounted. */
export interface Endpoint {
  readonly operation: Operation;
  handle(request: Request, response: Response, guards: EndpointGuards): Promise<void>;
}

/** What an operation requires of its caller; null on public routes. */
function requirementOf({ access, scope }: Authorisation, request: Request): Requirement | null {
  if (access === 'public') return null;
  // A signed link replaces the token; its handler verifies it.
  if (access === 'link' && request.query.signature !== undefined && readCredential(request) === null)
    return null;
  return { access: access === 'admin' ? 'admin' : 'user', scope };
}

interface Identified {
  /** Null on public routes. */
  readonly caller: Caller | null;
  /** The caller as of the end of the request's body. */
  readonly afterBody: () => Promise<Caller | null>;
}

/** The authenticated caller; null on public routes. */
async function identify(
  operation: Authorisation,
  request: Request,
  { authenticator }: EndpointGuards,
): Promise<Identified> {
  const requirement = requirementOf(operation, request);
  if (requirement === null) return { caller: null, afterBody: () => Promise.resolve(null) };
  const caller = await authenticateRequest(request, authenticator, requirement);
  const isArriving = !request.complete;
  return {
    caller,
    afterBody: async () =>
      isArriving ? authenticateAgain(caller, { request, authenticator }, requirement) : caller,
  };
}

interface Accepted extends Identified {
  readonly input: ValidatedInput;
  readonly key: string | undefined;
  readonly files: ReceivedFiles;
  readonly images: readonly FormImage[];
  readonly reservation?: string;
}

function toCall<Op>(
  accepted: Accepted,
  receipt: Receipt,
  http: { request: Request; response: Response },
): Call<Op> {
  const { input, caller, files, images, reservation } = accepted;
  const identified = (): Caller => {
    if (caller === null) throw tokenProblem('TOKEN_MISSING');
    return caller;
  };
  return {
    // These values were parsed by the operation's own schemas, so they have its types.
    params: input.params as ParamsOf<Op>,
    query: input.query as QueryOf<Op>,
    body: input.body as BodyOf<Op>,
    get principal() {
      return identified().principal;
    },
    get credential() {
      return identified().credential;
    },
    receipt,
    file: (field) => files[field]?.[0] ?? missingFile(field),
    files: (field) => files[field] ?? missingFile(field),
    optionalFile: (field) => files[field]?.[0],
    images,
    reservation,
    ...http,
  };
}

function missingFile(field: string): never {
  throw validationFailed([{ pointer: `/${field}`, message: 'the file is missing', code: 'REQUIRED' }]);
}

/** The names count as well: what is stored of a file carries its name. */
const filesOf = (files: ReceivedFiles): unknown =>
  Object.keys(files)
    .sort()
    .flatMap((field) =>
      (files[field] ?? []).map(({ originalName, sha256 }) => [field, originalName, sha256]),
    );

const fingerprintOf = ({ field, content }: FormImage): unknown =>
  content instanceof AppError ? [field, content.message] : content.sha256;

const digestsOf = (files: ReceivedFiles): [field: string, sha256: string][] =>
  Object.entries(files).flatMap(([field, sent = []]) =>
    sent.map(({ sha256 }, index): [string, string] => [
      index === 0 ? field : `${field}[${String(index)}]`,
      sha256,
    ]),
  );

/** The part of a request that the audit log records. */
function auditSubject(
  { audited = [] }: Pick<Operation, 'audited'>,
  { input: { params, query, body }, files }: Pick<Accepted, 'input' | 'files'>,
): Readonly<Record<string, unknown>> {
  const named = audited.map((field) => [field, valueAt(body, [field])] as const);
  const kept = named.filter(([, value]) => value !== undefined);
  const digests = digestsOf(files);
  return {
    params,
    query,
    ...(kept.length > 0 && { body: Object.fromEntries(kept) }),
    ...(digests.length > 0 && { files: Object.fromEntries(digests) }),
  };
}

/** @throws AppError SCOPE_MISSING */
function requireFieldScopes(
  { fieldScopes = {} }: Pick<Operation, 'fieldScopes'>,
  body: unknown,
  { apiKey }: Principal,
): void {
  for (const [field, scope] of Object.entries(fieldScopes))
    if (valueAt(body, [field]) !== undefined) requireScope(apiKey?.scopes, scope);
}

const idempotencyOf = (
  { key, input, files, images }: Accepted,
  { userId }: Principal,
  through: Pick<IdempotentRequest, 'request' | 'repository'>,
): IdempotentRequest => ({
  ...through,
  key,
  userId,
  fingerprint: [input.body, filesOf(files), ...images.map(fingerprintOf)],
});

/** Binds an operation to its handler: authenticate, read, validate, run idempotently, respond. */
export function endpoint<Op extends Operation>(operation: Op, handler: Handler<NoInfer<Op>>): Endpoint {
  const answer = async (
    arrived: Accepted,
    http: { request: Request; response: Response },
    guards: EndpointGuards,
  ) => {
    const accepted = { ...arrived, caller: await arrived.afterBody() };
    const principal = accepted.caller?.principal ?? null;
    if (operation.access === 'admin' && operation.unaudited !== true && principal !== null)
      await guards.audit.record(principal, operation.operationId, auditSubject(operation, accepted));
    // Before a stored response is repeated.
    if (principal !== null) requireFieldScopes(operation, accepted.input.body, principal);
    if (!operation.idempotent || principal === null) return handler(toCall<Op>(accepted, NO_RECEIPT, http));
    const { request } = http;
    const context = idempotencyOf(accepted, principal, { request, repository: guards.idempotency });
    return runIdempotently(context, async (receipt) => {
      const reply = await handler(toCall<Op>(accepted, receipt, http));
      return reply === HANDLED ? { status: http.response.statusCode } : reply;
    });
  };
  return {
    operation,
    async handle(request, response, guards) {
      const { caller, afterBody } = await identify(operation, request, guards);
      if (caller) await guards.quotas.countRequest(caller.principal);
      const { userId, apiKey } = caller?.principal ?? {};
      await withLogContext({ userId, apiKeyId: apiKey?.id }, async () => {
        const parameters = validateParameters(operation, request);
        // Temporary files of the request are deleted before the response is sent.
        const reply = await withReceived(
          await receiveBody(
            { ...operation, parameters, admit: admissionOf(caller, guards) },
            { request, response },
            guards.bodies,
          ),
          (received) => {
            const { body, files, images, reservation } = received;
            // Drops the reference to the body: the garbage collector copies long texts for as long as they
            // are reachable.
            received.body = undefined;
            const input = validateBody(operation, parameters, body);
            const { idempotencyKey: key } = parameters;
            const accepted = { input, caller, afterBody, files, images, reservation, key };
            return answer(accepted, { request, response }, guards);
          },
        );
        if (reply !== HANDLED && !response.destroyed) sendReply(response, reply);
      });
    },
  };
}

const admissionOf = (caller: Caller | null, { quotas }: EndpointGuards) =>
  caller === null ? undefined : (bytes: number) => quotas.admitUpload(caller.principal, bytes);

async function withReceived<Value>(
  received: Received,
  work: (received: Received) => Promise<Value>,
): Promise<Value> {
  await using kept = received;
  return await work(kept);
}
