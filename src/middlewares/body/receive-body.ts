import type { Request, Response } from 'express';
import type { MemoryBudget, Reservation } from '../../lifecycle/memory-budget.js';
import type { Operation } from '../../schemas/operation.js';
import { withoutEmptyFields } from '../empty-fields.js';
import type { ReceivedFiles, UploadReceiver } from '../multipart.js';
import { isForm, type FormPicture, type PictureReceiver } from '../picture-form.js';
import { validateInput } from '../validate.js';
import { watchBody, type BodyPace } from './body-pace.js';
import { readFramedBody } from './framed-body.js';
import { readBody, type ReadBodyOptions } from './json-body.js';
import type { SpillPlace } from './spilling-bytes.js';

/** What receives bodies, and within which limits. */
export interface BodyReceivers {
  readonly uploads: UploadReceiver;
  readonly pictures: PictureReceiver;
  /** Memory of all bodies in flight. */
  readonly memory: MemoryBudget;
  readonly spill: SpillPlace;
  readonly pace: BodyPace;
}

/** What came with a request; disposing removes what was stored of it and gives its memory back. */
export interface Received extends AsyncDisposable {
  body: unknown;
  readonly files: ReceivedFiles;
  readonly pictures: readonly FormPicture[];
}

/**
 * Reads the body of a request in the form that its operation wants.
 * @throws AppError of the readers; HttpError 408 BODY_TIMEOUT when it comes too slowly
 */
export async function receiveBody(
  operation: Operation,
  request: Request,
  response: Response,
  receivers: BodyReceivers,
): Promise<Received> {
  const type = operation.bodyType ?? 'application/json';
  if (type === 'multipart/form-data') {
    // Cheap checks come before gigabytes are read.
    validateInput({ ...operation, body: undefined }, request, undefined);
    const names = (operation.files ?? []).map(({ name }) => name);
    const received = await receivers.uploads.receive(request, response, names);
    return { ...received, body: withoutEmptyFields(received.body, operation), pictures: [] };
  }
  const { pictureForm } = operation;
  if (pictureForm && isForm(request)) {
    return { ...NOTHING, ...(await receivers.pictures.receive(request, response, pictureForm.maxPictures)) };
  }
  if (operation.body === undefined) return { ...NOTHING, body: undefined };
  const watch = watchBody(request, response, receivers.pace);
  const memory = receivers.memory.open();
  const release = async (): Promise<void> => memory.release();
  try {
    const text = readText(operation, type, { request, memory, spill: receivers.spill });
    const body = await Promise.race([text, watch.failed]);
    return { ...NOTHING, body, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  } finally {
    watch.stop();
  }
}

const NOTHING = { files: {}, pictures: [], [Symbol.asyncDispose]: () => Promise.resolve() };

function readText(
  { bodyLimitBytes: limitBytes, asideTexts, framed }: Operation,
  type: ReadBodyOptions['type'],
  {
    request,
    ...room
  }: { readonly request: Request; readonly memory: Reservation; readonly spill: SpillPlace },
): Promise<unknown> {
  return framed
    ? readFramedBody(request, { content: framed, ...room })
    : readBody(request, { type, limitBytes, asideTexts, ...room });
}
