import { AppError, messageOf } from '../../errors/app-error.js';

/** Codes of an object or upload that does not exist. */
const MISSING = new Set(['NoSuchKey', 'NotFound']);
const FULL = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage', 'StorageFull']);
const RETRY_SECONDS = 10;

/** Code of an error of S3, of the network or of the SDK. */
export function s3CodeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const code: unknown = Reflect.get(error, 'Code') ?? Reflect.get(error, 'code');
  return typeof code === 'string' && error.name === 'Error' ? code : error.name;
}

/** HTTP status of a response; undefined without one. */
function statusOf(error: unknown): number | undefined {
  const metadata: unknown = error instanceof Error ? Reflect.get(error, '$metadata') : undefined;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const status: unknown = Reflect.get(metadata, 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
}

/** Whether an object does not exist; a missing bucket is another problem. */
export const isMissingObject = (error: unknown): boolean => MISSING.has(s3CodeOf(error));

/** Translates an error of a call about one object. */
export function storageError(error: unknown, key?: string): unknown {
  // A TypeError is a bug, for example a key that is none.
  if (error instanceof AppError || error instanceof TypeError) return error;
  if (key !== undefined && isMissingObject(error))
    return new AppError('MEDIA_MISSING', {
      message: `The stored file ${key} is missing.`,
      details: { key },
      cause: error,
    });
  const code = s3CodeOf(error);
  if (FULL.has(code) || statusOf(error) === 507)
    return new AppError('STORAGE_FULL', { message: 'The object storage is full.', cause: error });
  return new AppError('STORAGE_UNREACHABLE', {
    message: `The object storage does not respond as it should at the moment (${code}).`,
    details: { reason: code },
    retryAfterSeconds: RETRY_SECONDS,
    cause: error,
  });
}

/** A problem at the start: what is wrong and whether waiting may help. */
export interface StartProblem {
  readonly reason: string;
  readonly advice: string;
  readonly mayPass: boolean;
}

/** Explains why the bucket cannot be used, with the settings to correct. */
export function startProblem(error: unknown, bucket: string, endpoint: string): StartProblem {
  const code = s3CodeOf(error);
  switch (code) {
    case 'NoSuchBucket':
    case 'NotFound':
      return final(`the bucket "${bucket}" does not exist`, 'Create it, or correct S3_BUCKET.');
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'InvalidToken':
    case 'ExpiredToken':
      return final(
        `the credentials are refused (${code})`,
        'Correct S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.',
      );
    case 'CredentialsProviderError':
      return final(
        'there are no credentials',
        'Set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or provide those of the AWS SDK.',
      );
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'Forbidden':
      return final(
        `access to the bucket "${bucket}" is denied (${code})`,
        'Allow these credentials to list, read, write and delete objects.',
      );
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
      return final(`the bucket "${bucket}" is in another region`, 'Correct S3_REGION.');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return mayPass(`the host name of ${endpoint} is not known`, 'Correct S3_ENDPOINT.');
    case 'ECONNREFUSED':
      return mayPass('nothing listens there (connection refused)', 'Start it, or correct S3_ENDPOINT.');
    case 'TimeoutError':
    case 'ETIMEDOUT':
      return mayPass('it does not respond in time', 'Check S3_ENDPOINT and the network.');
    default:
      return mayPass(`${messageOf(error)} (${code})`, 'Check the settings S3_….');
  }
}

const final = (reason: string, advice: string): StartProblem => ({ reason, advice, mayPass: false });
const mayPass = (reason: string, advice: string): StartProblem => ({ reason, advice, mayPass: true });
