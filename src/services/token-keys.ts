import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { AppError } from '../errors/app-error.js';
import { folderProblem, makeFolder } from '../storage/folders.js';

const MIN_MODULUS_BITS = 2048;
const NEW_MODULUS_BITS = 3072;
const LINK_KEY_BYTES = 32;
const LINK_KEY_PURPOSE = 'infernode download links v1';
const PEM_BLOCK = /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g;

/** Paths of the signing key pair. */
export interface KeyPaths {
  readonly privateKeyPath: string;
  readonly publicKeyPath: string;
}

/** A public key as published in the JWK set. */
export interface PublicJwk {
  readonly kty: string;
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
}

/** Loaded keys: one signs; several may verify while keys are rotated. */
export interface KeyRing {
  readonly kid: string;
  readonly signingKey: KeyObject;
  readonly verifyKeys: ReadonlyMap<string, KeyObject>;
  readonly jwks: readonly PublicJwk[];
  /**
   * Key of signed download links. Derived from the signing key, so that neither kind of signature is valid as
   * the other.
   */
  readonly linkKey: Buffer;
}

const PRIVATE_KEY = 'JWT_PRIVATE_KEY_PATH';
const PUBLIC_KEY = 'JWT_PUBLIC_KEY_PATH';

function keyUnusable(setting: string, problem: string, cause?: unknown): AppError {
  return new AppError('KEY_UNUSABLE', { message: `${setting}: ${problem}`, cause });
}

/** Runs `work` on a key file; an error names the setting of the file. */
async function withFile<T>(setting: string, file: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const system = typeof cause === 'object' && cause !== null && 'syscall' in cause;
    const problem = system ? `cannot be used: ${folderProblem(cause)}` : 'contains no key in PEM format';
    throw keyUnusable(
      setting,
      `${file} ${problem}. Set it to an RSA key in PEM format, or to a path that does not exist yet, where a key pair will be created.`,
      cause,
    );
  }
}

function requireStrong(key: KeyObject, setting: string, file: string): void {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < MIN_MODULUS_BITS)
    throw keyUnusable(setting, `${file} must hold an RSA key of at least ${MIN_MODULUS_BITS} bits.`);
}

async function readPublished(file: string): Promise<KeyObject[]> {
  if (!existsSync(file)) return [];
  const blocks = (await readFile(file, 'utf8')).match(PEM_BLOCK) ?? [];
  return blocks.map((pem) => createPublicKey(pem));
}

async function toJwk(key: KeyObject): Promise<PublicJwk> {
  const { kty, n, e } = await exportJWK(key);
  if (kty === undefined || n === undefined || e === undefined) throw new Error('Not an RSA key.');
  const kid = await calculateJwkThumbprint({ kty, n, e });
  return { kty, n, e, kid, alg: 'RS256', use: 'sig' };
}

/**
 * Loads the keys. The public file may hold several PEM blocks; tokens signed by any of them are accepted,
 * which allows key rotation. The key id is the RFC 7638 thumbprint.
 */
export async function loadKeyRing({ privateKeyPath, publicKeyPath }: KeyPaths): Promise<KeyRing> {
  const signingKey = await withFile(PRIVATE_KEY, privateKeyPath, async () =>
    createPrivateKey(await readFile(privateKeyPath)),
  );
  requireStrong(signingKey, PRIVATE_KEY, privateKeyPath);
  const published = await withFile(PUBLIC_KEY, publicKeyPath, () => readPublished(publicKeyPath));
  const publicKeys = [createPublicKey(signingKey), ...published];
  publicKeys.forEach((key) => requireStrong(key, PUBLIC_KEY, publicKeyPath));
  const described = await Promise.all(publicKeys.map(async (key) => ({ key, jwk: await toJwk(key) })));
  const distinct = new Map(described.map(({ key, jwk }) => [jwk.kid, { key, jwk }]));
  const der = signingKey.export({ type: 'pkcs8', format: 'der' });
  return {
    kid: described[0].jwk.kid,
    signingKey,
    verifyKeys: new Map([...distinct].map(([kid, { key }]) => [kid, key])),
    jwks: [...distinct.values()].map(({ jwk }) => jwk),
    linkKey: Buffer.from(hkdfSync('sha256', der, '', LINK_KEY_PURPOSE, LINK_KEY_BYTES)),
  };
}

async function writeAtomically(file: string, content: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  await writeFile(temporary, content, { mode, flag: 'wx' });
  await chmod(temporary, mode);
  await rename(temporary, file);
}

/**
 * Creates an RSA key pair as PEM files; the private one is readable by its owner only.
 * @returns false when a pair already exists and `overwrite` is off.
 */
export async function writeKeyPair(paths: KeyPaths, options: { overwrite: boolean }): Promise<boolean> {
  if (!options.overwrite && existsSync(paths.privateKeyPath)) return false;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: NEW_MODULUS_BITS });
  await withFile(PRIVATE_KEY, paths.privateKeyPath, () =>
    makeFolder(path.dirname(paths.privateKeyPath), 0o700),
  );
  // The private key is written last: its presence marks the pair as complete.
  await withFile(PUBLIC_KEY, paths.publicKeyPath, async () => {
    await makeFolder(path.dirname(paths.publicKeyPath));
    const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
    await writeAtomically(paths.publicKeyPath, pem, 0o644);
  });
  await withFile(PRIVATE_KEY, paths.privateKeyPath, () => {
    const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return writeAtomically(paths.privateKeyPath, pem, 0o600);
  });
  return true;
}
