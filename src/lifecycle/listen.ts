import { createServer, type Server } from 'node:net';
import { AppError, messageOf } from '../errors/app-error.js';

/** An address to listen on, and the setting that chose its port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Name of the setting, such as `PORT`. */
  readonly setting: string;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);

/** Why nothing can listen there, with the way out. */
function sentenceOf(code: string, { host, port, setting }: ListenAddress): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken by another program: end that one, or choose another port with ${setting} (${setting}=0 ${setting === 'PORT' ? 'picks a free one' : 'opens none'}).`;
    case 'EACCES':
      return `This account may not listen on port ${port}: ports below 1024 need privileges. Choose another port with ${setting}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no address of this machine: set HOST to one, or to 0.0.0.0 for all.`;
    default:
      return `Nothing can listen on ${host}, port ${port} (${code}): check HOST and ${setting}.`;
  }
}

/**
 * Lets `server` listen.
 * @throws AppError CANNOT_LISTEN with the setting to change
 */
export async function listenOn(server: Server, address: ListenAddress): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address.port, address.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const message = sentenceOf(codeOf(cause), address);
    throw new AppError('CANNOT_LISTEN', { message, cause });
  }
}

/**
 * Finds out at once whether a port can be had, before anything slow is started.
 * @throws AppError CANNOT_LISTEN
 */
export async function requireFreePort(address: ListenAddress): Promise<void> {
  if (address.port === 0) return;
  const probe = createServer();
  await listenOn(probe, address);
  await new Promise((resolve) => probe.close(resolve));
}
