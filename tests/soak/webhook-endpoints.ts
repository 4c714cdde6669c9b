import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { SELF_SIGNED } from '../fixtures/self-signed.js';
import { startPythonReceiver, type SeenMessage } from '../support/python-webhook-receiver.js';
import { startReceiver, type ReceivedMessage, type WebhookReceiver } from '../support/webhook-receiver.js';

/** Attempts that {@link lateEndpoint} does not answer. */
export const REFUSED_ATTEMPTS = 5;
/** A server that webhooks are sent to. */
export interface SoakEndpoint {
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  /** Messages that were verified, or could not be. */
  readonly seen: readonly SeenMessage[];
  /** Requests, verified or not. */
  requests(): number;
  close(): Promise<void>;
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** Verifies a message as receivers do. */
function verified(verifier: Webhook, { body, headers }: ReceivedMessage): SeenMessage {
  try {
    const message = verifier.verify(body, headers as Record<string, string>);
    const { type, data } = z
      .object({ type: z.string(), data: z.object({ jobId: z.string() }) })
      .parse(message);
    return { verified: true, type, jobId: data.jobId };
  } catch {
    return { verified: false };
  }
}

/** Verifies with `standardwebhooks` of npm; the first `refused` attempts find nobody. */
async function nodeEndpoint(name: string, refused: number): Promise<SoakEndpoint> {
  const receiver = await startReceiver();
  const secret = newSecret();
  const verifier = new Webhook(secret);
  const messages: SeenMessage[] = [];
  receiver.answer = (response, message, index) => {
    if (index < refused) return void response.destroy();
    const found = verified(verifier, message);
    messages.push(found);
    response.writeHead(found.verified ? 204 : 401).end();
  };
  return endpointOf(name, receiver, { secret, seen: messages });
}

/** A receiver in Node.js. */
export const acceptingEndpoint = (): Promise<SoakEndpoint> => nodeEndpoint('verified in JS', 0);

/** The same, down for the first attempts. */
export const lateEndpoint = (): Promise<SoakEndpoint> =>
  nodeEndpoint(`down for ${String(REFUSED_ATTEMPTS)} attempts`, REFUSED_ATTEMPTS);

/** A receiver in Python. */
export async function pythonEndpoint(python: string): Promise<SoakEndpoint> {
  const secret = newSecret();
  const receiver = await startPythonReceiver(python, secret);
  const requests = () => receiver.seen.length;
  return { ...receiver, name: 'verified in Python', secret, requests };
}

/** Endpoints that never accept a message, and the target of the one that redirects. */
export async function hostileEndpoints(): Promise<{
  readonly endpoints: readonly SoakEndpoint[];
  readonly target: WebhookReceiver;
}> {
  const [failing, hanging, redirecting, target] = await Promise.all([0, 1, 2, 3].map(() => startReceiver()));
  const untrusted = await startReceiver(SELF_SIGNED);
  failing.answer = (response) => void response.writeHead(500).end('not today');
  hanging.answer = () => undefined;
  redirecting.answer = (response) => void response.writeHead(307, { location: target.url }).end();
  const named: readonly (readonly [string, WebhookReceiver])[] = [
    ['answers 500', failing],
    ['hangs', hanging],
    ['redirects to 127.0.0.1', redirecting],
    ['bad certificate', untrusted],
  ];
  const endpoints = named.map(([name, receiver]) =>
    endpointOf(name, receiver, { secret: newSecret(), seen: [] }),
  );
  return { endpoints, target };
}

function endpointOf(
  name: string,
  receiver: WebhookReceiver,
  rest: Pick<SoakEndpoint, 'secret' | 'seen'>,
): SoakEndpoint {
  const { url } = receiver;
  return { name, url, ...rest, requests: () => receiver.received.length, close: () => receiver.close() };
}
