import type { Request, Response } from 'express';
import type { MemoryBudget } from '../../lifecycle/memory-budget.js';
import type { FormBody, NoBody, RequestBody, StreamBody } from '../../schemas/request-body.js';
import { withoutEmptyFields } from '../empty-fields.js';
import { parseFieldJson } from '../form-json.js';
import { isForm, type ExpectedForm, type ReceivedFiles, type UploadReceiver } from '../multipart.js';
import type { FormImage, ImageReceiver } from '../image-form.js';
import { requireParameters, type Parameters } from '../validate.js';
import { watchBody, type BodyRateFloor } from './body-watch.js';
import { readFramedBody } from './framed-body.js';
import { readFormBody, readJsonBody, requireOneType } from './json-body.js';
import { receiveBytes } from './receive-bytes.js';
import type { BodyRoom, SpillPlace } from './spilling-bytes.js';

/** Bodies that are read into memory as one piece. */
type TextBody = Exclude<RequestBody, NoBody | StreamBody>;

/** Receivers of bodies and their limits. */
export interface BodyReceivers {
  readonly uploads: UploadReceiver;
  readonly images: ImageReceiver;
  /** Memory budget of all bodies in transit. */
  readonly memory: MemoryBudget;
  readonly spill: SpillPlace;
  readonly pace: BodyRateFloor;
}

/** A request and its response; the response signals when the client disconnects. */
interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** A received body. Disposing it deletes its temporary files and releases its memory. */
export interface Received extends AsyncDisposable {
  body: unknown;
  readonly files: ReceivedFiles;
  readonly images: readonly FormImage[];
  /** Bytes of a quota that are reserved for this upload. */
  readonly reservation?: string;
}

/**
 * Reads the body of a request in the format that its operation declares.
 * @throws AppError of the readers; BODY_TIMEOUT when it arrives too slowly
 */
export async function receiveBody(
  {
    body,
    parameters,
    admit,
  }: { readonly body: RequestBody; readonly parameters: Parameters } & Pick<ExpectedForm, 'admit'>,
  { request, response }: Exchange,
  receivers: BodyReceivers,
): Promise<Received> {
  if (body.kind === 'none' || body.kind === 'stream') return { ...NOTHING, body: undefined };
  if (body.kind === 'form' && body.type === 'multipart/form-data') {
    // Parameters are checked before a body of several gigabytes is read.
    requireParameters(parameters);
    const { files, textBytes } = body;
    const form: ExpectedForm = { files, textBytes, admit: body.metered ? admit : undefined };
    const received = await receivers.uploads.receive(request, response, form);
    return { ...received, body: formValues(withoutEmptyFields(received.body, body), body), images: [] };
  }
  if (body.kind === 'json' && body.form && isForm(request)) {
    return { ...NOTHING, ...(await receivers.images.receive(request, response, body.form)) };
  }
  return receiveText(body, { request, response }, receivers);
}

/** The fields of a form; those that are sent as JSON are parsed. */
function formValues(sent: unknown, { values = [] }: Pick<FormBody, 'values'>): unknown {
  if (values.length === 0 || typeof sent !== 'object' || sent === null) return sent;
  return Object.fromEntries(
    Object.entries(sent).map(([name, value]: [string, unknown]) =>
      values.includes(name) ? [name, parseFieldJson(value, name)] : [name, value],
    ),
  );
}

const NOTHING = { files: {}, images: [], [Symbol.asyncDispose]: () => Promise.resolve() };

async function receiveText(
  body: TextBody,
  { request, response }: Exchange,
  receivers: BodyReceivers,
): Promise<Received> {
  const watch = watchBody(request, response, receivers.pace);
  const memory = receivers.memory.open();
  const release = async (): Promise<void> => memory.release();
  try {
    const text = readText(body, request, { memory, spill: receivers.spill });
    const value = await Promise.race([text, watch.failed]);
    return { ...NOTHING, body: value, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  } finally {
    watch.stop();
  }
}

async function readText(body: TextBody, request: Request, room: BodyRoom): Promise<unknown> {
  switch (body.kind) {
    case 'json':
      return readJsonBody(request, body, room);
    case 'form':
      return readFormBody(request, room);
    case 'framed':
      return readFramedBody(request, body, room);
    case 'bytes':
      requireOneType(request, body.types);
      return receiveBytes(request, { ...room, limitBytes: body.limitBytes });
  }
}
