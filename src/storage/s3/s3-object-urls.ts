import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { s3ClientConfig, type S3Account } from './s3-bucket.js';

/** Enough for the start of a transfer, which then goes on. */
const LIFETIME_SECONDS = 900;

/** Signs URLs of objects of any bucket that an account may read. */
export class S3ObjectUrls {
  readonly #client: S3Client;

  constructor(account: S3Account) {
    this.#client = new S3Client(s3ClientConfig(account, account.endpoint));
  }

  /** A URL that serves the object to requests that begin within 15 minutes. @throws Error without credentials */
  sign({ bucket, key }: { readonly bucket: string; readonly key: string }): Promise<string> {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key });
    return getSignedUrl(this.#client, command, { expiresIn: LIFETIME_SECONDS });
  }
}
