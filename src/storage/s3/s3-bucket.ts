import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { startProblem, storageError, type StartProblem } from './s3-errors.js';

/** Access to a store. */
export interface S3Account {
  /** Base URL of a store other than Amazon's. */
  readonly endpoint?: string;
  readonly region: string;
  readonly forcePathStyle: boolean;
  /** Without them the AWS SDK looks for credentials: environment, profile, container, instance. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Where objects are stored, and how. */
export interface S3Settings extends S3Account {
  /** Base URL by which clients reach the store, if it is another one. */
  readonly publicEndpoint?: string;
  readonly bucket: string;
  /** Start of all keys. */
  readonly prefix: string;
  readonly encryption?: 'AES256' | 'aws:kms';
  /** Key for `aws:kms`; the default key of the account unless given. */
  readonly kmsKeyId?: string;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Time without a byte from the store, or to it. */
const IDLE_TIMEOUT_MS = 30_000;
/** Includes the first attempt; the SDK pauses longer before each. */
const MAX_ATTEMPTS = 4;
const PROBE = 'write-probe';

/** A bucket of an S3-compatible store, and the start of the keys in it. */
export class S3Bucket {
  readonly client: S3Client;
  readonly #settings: S3Settings;
  #signer: S3Client | null = null;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.client = new S3Client(s3ClientConfig(settings, settings.endpoint));
  }

  get name(): string {
    return this.#settings.bucket;
  }

  /** Signs URLs for clients, which may reach the store by another address. */
  get signer(): S3Client {
    const { publicEndpoint, endpoint } = this.#settings;
    if (publicEndpoint === undefined || publicEndpoint === endpoint) return this.client;
    this.#signer ??= new S3Client(s3ClientConfig(this.#settings, publicEndpoint));
    return this.#signer;
  }

  /** Bucket and key of an object. */
  at(path: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.name, Key: this.keyOf(path) };
  }

  keyOf(path: string): string {
    return `${this.#settings.prefix}${path}`;
  }

  /** Parameters of requests that create objects. */
  get encryption() {
    const { encryption, kmsKeyId } = this.#settings;
    return {
      ...(encryption && { ServerSideEncryption: encryption }),
      ...(encryption === 'aws:kms' && kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
    };
  }

  /**
   * Calls the store.
   * @param key of the file that the call is about
   * @throws AppError STORAGE_UNREACHABLE (unavailable), STORAGE_FULL, MEDIA_MISSING with a `key`
   */
  async call<Result>(run: (client: S3Client) => Promise<Result>, key?: string): Promise<Result> {
    try {
      return await run(this.client);
    } catch (error) {
      throw storageError(error, key);
    }
  }

  /** Stores a small object. @throws AppError as {@link call} */
  async put(path: string, Body: Buffer | string): Promise<void> {
    const object = { ...this.at(path), ...this.encryption, Body };
    await this.call((client) => client.send(new PutObjectCommand(object)));
  }

  /** @throws AppError STORAGE_UNREACHABLE (unavailable) unless objects can be listed */
  async ping(): Promise<void> {
    await this.call((client) =>
      client.send(new ListObjectsV2Command({ Bucket: this.name, Prefix: this.keyOf(''), MaxKeys: 1 })),
    );
  }

  /** Checks that objects can be listed, written and removed. @returns the problem, or null */
  async probe(): Promise<StartProblem | null> {
    try {
      const listing = { Bucket: this.name, Prefix: this.keyOf(''), MaxKeys: 1 };
      await this.client.send(new ListObjectsV2Command(listing));
      const object = this.at(PROBE);
      await this.client.send(new PutObjectCommand({ ...object, ...this.encryption, Body: 'x' }));
      await this.client.send(new DeleteObjectCommand(object));
      return null;
    } catch (error) {
      return startProblem(error, this.name, this.address);
    }
  }

  /** For messages. */
  get address(): string {
    return this.#settings.endpoint ?? `Amazon S3 in ${this.#settings.region}`;
  }

  close(): void {
    this.client.destroy();
    this.#signer?.destroy();
  }
}

/** Configuration of a client, with limits of time and attempts. */
export function s3ClientConfig(settings: S3Account, endpoint: string | undefined): S3ClientConfig {
  return {
    region: settings.region,
    endpoint,
    forcePathStyle: settings.forcePathStyle,
    // The SDK adds to the object, and settings are frozen.
    credentials: settings.credentials && { ...settings.credentials },
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
    // Not every store knows the checksums of the SDK; requests are signed with the SHA-256 of their content instead.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  };
}
