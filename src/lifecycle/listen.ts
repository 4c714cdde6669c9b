import { createServer, type Server } from 'node:net';
import { AppError, messageOf } from '../errors/app-error.js';

/** An address to listen on, and the setting of its port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Name of the setting, such as `PORT`. */
  readonly setting: string;
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : messageOf(error);

/** Why listening failed, and how to fix it. */
function sentenceOf(code: string, { host, port, setting }: ListenAddress): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program: stop that program, or choose another port with ${setting} (${setting}=0 ${setting === 'PORT' ? 'picks a free one' : 'opens none'}).`;
    case 'EACCES':
      return `This account may not listen on port ${port}: ports below 1024 need privileges. Choose another port with ${setting}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine: set HOST to one of its addresses, or to 0.0.0.0 for all.`;
    default:
      return `Nothing can listen on ${host}, port ${port} (${code}): check HOST and ${setting}.`;
  }
}

/**
 * Makes `server` listen.
 * @throws AppError CANNOT_LISTEN naming the setting to change
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
 * Checks that a port is free before anything slow is started.
 * @throws AppError CANNOT_LISTEN
 */
export async function requireFreePort(address: ListenAddress): Promise<void> {
  if (address.port === 0) return;
  const probe = createServer();
  await listenOn(probe, address);
  await new Promise((resolve) => probe.close(resolve));
}
