import { z } from 'zod';
import { bucketName, megabytes } from './setting-types.js';

const kind = z.enum(['disk', 's3']);

/** Settings of the storage of media. */
export const storageFields = {
  STORAGE: kind.default('disk'),
  /** Where files are that `STORAGE` does not have yet, while they are migrated. */
  STORAGE_FALLBACK: kind.optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Address by which clients reach the store, in the URLs of presigned uploads. */
  S3_PUBLIC_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_BUCKET: bucketName.optional(),
  S3_PREFIX: z
    .string()
    .regex(/^(?:[A-Za-z0-9._-]+\/)*$/, 'must be folders, each with "/" at its end, such as infernode/')
    .max(200)
    .default(''),
  /** Bucket in the path instead of the host name; by default for stores other than Amazon's. */
  S3_FORCE_PATH_STYLE: z.stringbool().optional(),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  /** Encryption by the store. */
  S3_ENCRYPTION: z.enum(['AES256', 'aws:kms']).optional(),
  S3_KMS_KEY_ID: z.string().min(1).optional(),
  /** Disk space for copies of media from S3. */
  MEDIA_CACHE_MAX_MB: megabytes.default(10_240 * 1024 * 1024),
} as const;

type StorageFields = z.infer<z.ZodObject<typeof storageFields>>;
type CheckedFields = StorageFields & { readonly IMPORT_S3_BUCKETS: readonly string[] };

/** Reports settings that contradict each other. */
export function requireStorage(env: CheckedFields, context: z.RefinementCtx): void {
  const usesS3 = env.STORAGE === 's3' || env.STORAGE_FALLBACK === 's3';
  const problems: {
    readonly name: keyof CheckedFields;
    readonly message: string;
    readonly applies: boolean;
  }[] = [
    {
      name: 'STORAGE_FALLBACK',
      message: 'must be the store that STORAGE is not',
      applies: env.STORAGE_FALLBACK === env.STORAGE,
    },
    {
      name: 'S3_BUCKET',
      message: 'is required with STORAGE=s3 or STORAGE_FALLBACK=s3',
      applies: usesS3 && env.S3_BUCKET === undefined,
    },
    {
      name: 'S3_SECRET_ACCESS_KEY',
      message: 'must be set together with S3_ACCESS_KEY_ID',
      applies: (env.S3_ACCESS_KEY_ID === undefined) !== (env.S3_SECRET_ACCESS_KEY === undefined),
    },
    {
      name: 'S3_KMS_KEY_ID',
      message: 'requires S3_ENCRYPTION=aws:kms',
      applies: env.S3_KMS_KEY_ID !== undefined && env.S3_ENCRYPTION !== 'aws:kms',
    },
    {
      name: 'IMPORT_S3_BUCKETS',
      message: 'must not contain S3_BUCKET, which holds the files of all users',
      applies: env.S3_BUCKET !== undefined && env.IMPORT_S3_BUCKETS.includes(env.S3_BUCKET),
    },
  ];
  for (const { name, message, applies } of problems)
    if (applies) context.addIssue({ code: 'custom', path: [name], message });
}

/** Access to the store. */
function s3AccountOf(env: StorageFields) {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = env;
  return {
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    forcePathStyle: env.S3_FORCE_PATH_STYLE ?? env.S3_ENDPOINT !== undefined,
    credentials:
      accessKeyId !== undefined && secretAccessKey !== undefined
        ? { accessKeyId, secretAccessKey }
        : undefined,
  };
}

/** Access to the bucket; null where no store is in one. */
function s3Of(env: StorageFields) {
  const { S3_BUCKET: bucket } = env;
  if (bucket === undefined) return null;
  return {
    ...s3AccountOf(env),
    bucket,
    publicEndpoint: env.S3_PUBLIC_ENDPOINT,
    prefix: env.S3_PREFIX,
    encryption: env.S3_ENCRYPTION,
    kmsKeyId: env.S3_KMS_KEY_ID,
  };
}

/** The storage of media by subject. */
export const storageSettings = (env: StorageFields) => ({
  kind: env.STORAGE,
  fallback: env.STORAGE_FALLBACK ?? null,
  s3: s3Of(env),
  s3Account: s3AccountOf(env),
  cacheBytes: env.MEDIA_CACHE_MAX_MB,
});
