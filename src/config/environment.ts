import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { MAX_CLASSIFY_TIMEOUT_MS } from '../domain/limits.js';
import { JPEG_DECODERS } from '../domain/preprocessing.js';
import { issueLines } from '../errors/schema-issues.js';
import { apiKeysSetting } from './api-keys-setting.js';
import { backupSettings } from './backup-settings.js';
import { oidcSettings, requireOidcPair } from './oidc-settings.js';
import { importSettings } from './import-settings.js';
import { previewSettings } from './preview-settings.js';
import { retentionSettings } from './retention-settings.js';
import { servoSettings } from './servo-settings.js';
import { DAY_SECONDS, duration, megabytes, megabytesOrNone, port, seconds, timer } from './setting-types.js';
import { storageFields, requireStorage } from './storage-settings.js';
import { webhookSettings } from './webhook-settings.js';

const MAX_TOKEN_SECONDS = 3650 * DAY_SECONDS;
const MAX_UPLOAD_SECONDS = 30 * DAY_SECONDS;

/** Setting names of earlier services, accepted as aliases. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  PORT: ['API_PORT'],
  DB_USERNAME: ['POSTGRES_USER'],
  DB_PASSWORD: ['POSTGRES_PASSWORD'],
  DB_NAME: ['POSTGRES_DB'],
  BCRYPT_SALT_ROUNDS: ['SALT_ROUNDS', 'JWT_SALT_ROUNDS'],
  JWT_EXPIRATION: ['JWT_EXPIRES_IN'],
  MEDIA_DIR: ['UPLOAD_DIRECTORY'],
  MODELS_DIR: ['MODEL_DIR'],
};

const shape = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(3000),
  PUBLIC_URL: z.url().optional(),
  /** Base URL of this api process alone, where there are several: clients of live sessions are sent to it. */
  INSTANCE_URL: z.url({ protocol: /^https?$/ }).optional(),
  CORS_ORIGINS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    ),
  /** Idle time after which a connection is closed; must be longer than that of a load balancer in front. */
  KEEP_ALIVE_SECONDS: z.coerce.number().int().min(1).max(3600).default(75),
  /** Maximum open connections; further ones are closed immediately. */
  MAX_CONNECTIONS: z.coerce.number().int().min(1).max(1_000_000).default(4096),
  /** Maximum connections per address; 0 is unlimited. Not applied behind a proxy (`TRUST_PROXY`). */
  MAX_CONNECTIONS_PER_ADDRESS: z.coerce.number().int().min(0).max(1_000_000).default(512),
  /** Memory limit of all request bodies in flight; beyond it requests are answered with 503. */
  BODY_MEMORY_MB: megabytes.default(64 * 1024 * 1024),
  BODY_IDLE_SECONDS: z.coerce.number().positive().max(3600).default(30),
  BODY_MIN_BYTES_PER_SECOND: z.coerce.number().int().min(0).max(1_000_000_000).default(1024),
  /** Time within which a client must read some of the pending response. */
  READ_IDLE_SECONDS: z.coerce.number().positive().max(86_400).default(60),
  TRUST_PROXY: z.coerce.number().int().min(0).max(100).default(0),
  DATA_DIR: z
    .string()
    .default('./data')
    .transform((value) => path.resolve(value)),
  MEDIA_DIR: z.string().optional(),
  ...storageFields,
  MODELS_DIR: z
    .string()
    .default('./models')
    .transform((value) => path.resolve(value)),
  LOG_DIR: z.string().optional(),
  LOG_LEVEL: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  DATABASE_URL: z
    .string()
    // The value contains a password, so the message must not repeat it.
    .refine(
      (text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text),
      'must be postgres://user:password@host:port/name, with %-escapes for special characters in user and password',
    )
    .optional(),
  DB_HOST: z.string().optional(),
  DB_PORT: port.default(5432),
  DB_USERNAME: z.string().default('postgres'),
  DB_PASSWORD: z.string().optional(),
  DB_NAME: z.string().default('InferNode'),
  DB_DIALECT: z.literal('postgres').default('postgres'),
  /** Time that a start waits for the database and for Redis. */
  STARTUP_TIMEOUT: seconds.default(60),
  DB_POOL_MAX: z.coerce.number().int().min(2).max(100).default(10),
  QUEUE_BACKEND: z.enum(['postgres', 'redis']).optional(),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]*$/, 'must be lower-case letters, digits and "-"')
    .default(''),
  REDIS_HOST: z.string().optional(),
  REDIS_PORT: port.default(6379),
  JWT_PRIVATE_KEY_PATH: z
    .string()
    .default('./keys/private.key')
    .transform((value) => path.resolve(value)),
  JWT_PUBLIC_KEY_PATH: z
    .string()
    .default('./keys/public.key')
    .transform((value) => path.resolve(value)),
  JWT_ALGORITHM: z.literal('RS256').default('RS256'),
  JWT_EXPIRATION: duration
    .refine((length) => length <= MAX_TOKEN_SECONDS, 'must be at most 3650d')
    .default(DAY_SECONDS),
  /** Lifetime of a refresh token; each refresh starts it again. */
  REFRESH_TOKEN_EXPIRATION: duration
    .refine((length) => length <= MAX_TOKEN_SECONDS, 'must be at most 3650d')
    .default(30 * DAY_SECONDS),
  JWT_ISSUER: z.string().default('infernode'),
  JWT_AUDIENCE: z.string().default('infernode-api'),
  ...oidcSettings,
  BCRYPT_SALT_ROUNDS: z.coerce.number().int().min(4).max(15).default(12),
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(8).optional(),
  ADMIN_NAME: z.string().trim().min(1).max(100).optional(),
  ADMIN_SURNAME: z.string().trim().min(1).max(100).optional(),
  /** API keys of the configuration, in addition to those that users create. */
  API_KEYS: apiKeysSetting,
  /** Maximum number of API keys that one account may have. */
  API_KEYS_PER_USER: z.coerce.number().int().min(1).max(10_000).default(50),
  RATE_LIMIT_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000_000).default(600),
  /** Requests of one user, whatever their addresses; 0 is unlimited. */
  REQUESTS_PER_USER_AND_MINUTE: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
  LOGIN_ATTEMPTS_PER_15_MINUTES: z.coerce.number().int().min(1).max(1_000_000).default(10),
  UPLOAD_MAX_MB: megabytes.default(2048 * 1024 * 1024),
  UPLOAD_MAX_PIXELS: z.coerce
    .number()
    .int()
    .positive()
    .max(2 ** 28)
    .default(4096 * 4096),
  UPLOAD_MAX_IMAGE_PIXELS: z.coerce
    .number()
    .int()
    .positive()
    .max(2 ** 28)
    .default(64_000_000),
  UPLOAD_MAX_FRAMES: z.coerce.number().int().positive().max(100_000_000).default(500_000),
  UPLOAD_ZIP_MAX_FILES: z.coerce.number().int().positive().max(65_535).default(200),
  /** Largest file of an upload in several requests. */
  UPLOAD_RESUMABLE_MAX_MB: megabytes.default(50 * 1024 * 1024 * 1024),
  /** Time after which an unfinished upload in several requests ends. */
  UPLOAD_LIFETIME: duration
    .refine((length) => length <= MAX_UPLOAD_SECONDS, 'must be at most 30d')
    .default(DAY_SECONDS),
  /** Unfinished uploads in several requests per user. */
  UPLOADS_PER_USER: z.coerce.number().int().min(1).max(10_000).default(100),
  /** Stored files per user; 0 is unlimited. */
  STORAGE_PER_USER_MB: megabytesOrNone.default(10_240 * 1024 * 1024),
  /** Uploads per user and day, from 07:00 UTC; 0 is unlimited. */
  UPLOAD_PER_USER_AND_DAY_MB: megabytesOrNone.default(1024 * 1024 * 1024),
  ...retentionSettings,
  DISK_RESERVE_MB: megabytes.default(512 * 1024 * 1024),
  FFMPEG_PATH: z.string().default('ffmpeg'),
  FFPROBE_PATH: z.string().default('ffprobe'),
  ...previewSettings,
  WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(1),
  ENGINE_THREADS: z.coerce.number().int().min(1).max(64).optional(),
  /** Maximum PENDING jobs per user; 0 is unlimited. */
  MAX_WAITING_JOBS_PER_USER: z.coerce.number().int().min(0).max(1_000_000).default(100),
  /** Maximum RUNNING jobs per user; 0 is unlimited. */
  MAX_RUNNING_JOBS_PER_USER: z.coerce.number().int().min(0).max(1_000_000).default(0),
  JOB_TIMEOUT: timer.default(6 * 3600),
  /** Timeout for loading a network in a job and for each of its runs. */
  INPAINTING_MODEL_TIMEOUT: seconds.default(120),
  LEASE_SECONDS: z.coerce.number().int().min(2).max(300).default(10),
  WORKER_PORT: port.default(0),
  MAX_MODELS_IN_MEMORY: z.coerce.number().int().min(1).max(1000).default(3),
  /** Memory limit of all networks of an api process together; default half of the machine's memory. */
  MODELS_MEMORY_MB: megabytes.optional(),
  /** Timeout of a synchronous inference in milliseconds. */
  INFERENCE_TIMEOUT: z.coerce.number().int().min(100).max(MAX_CLASSIFY_TIMEOUT_MS).default(30_000),
  INFERENCE_DEVICE: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
  /** Maximum engine processes per network in an api process under load; default one per core, at most 4. */
  NETWORK_ENGINES: z.coerce.number().int().min(1).max(64).optional(),
  /** Intra-op threads of each of these engines. */
  NETWORK_THREADS: z.coerce.number().int().min(1).max(64).default(1),
  /** Decoder for ordinary JPEGs in classification. */
  JPEG_DECODER: z.enum(JPEG_DECODERS).default('webassembly'),
  ...servoSettings,
  ...webhookSettings,
  ...importSettings,
  ...backupSettings,
  CARBON_GRAMS_PER_KWH: z.coerce.number().positive().max(100_000).default(475),
  CPU_WATTS: z.coerce.number().positive().max(100_000).default(15),
});

/** All settings with their defaults; a test compares the table in the README with this schema. */
export const environmentSchema = shape.superRefine(requireOidcPair).superRefine(requireStorage);

/** Default admin account of a development server. */
export const DEVELOPMENT_ADMIN = 'admin@infernode.local';

/** The parsed environment. */
export type Environment = z.infer<typeof environmentSchema>;

function readSecret(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new Error(`${name}: the file ${file} cannot be read (${code}).`, { cause });
  }
}

/** Names of all settings, aliases included. */
export const SETTING_NAMES: readonly string[] = [
  ...Object.keys(environmentSchema.shape),
  ...Object.values(ALIASES).flat(),
];

/** A value from `NAME`, its aliases, or the file that `NAME_FILE` points to. */
function lookUp(source: NodeJS.ProcessEnv, name: string): string | undefined {
  for (const candidate of [name, ...(ALIASES[name] ?? [])]) {
    const file = source[`${candidate}_FILE`];
    if (file) return readSecret(`${candidate}_FILE`, file);
    const value = source[candidate];
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

/**
 * Parses the environment and reports all problems together.
 * @throws Error whose message lists all problems, one per line
 */
export function parseEnvironment(source: NodeJS.ProcessEnv): Environment {
  const raw = Object.fromEntries(
    Object.keys(environmentSchema.shape).map((name) => [name, lookUp(source, name)]),
  );
  const parsed = environmentSchema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = issueLines(parsed.error, raw).map((line) => `  ${line}`);
  throw new Error(`The configuration is not valid:\n${problems.join('\n')}`);
}
