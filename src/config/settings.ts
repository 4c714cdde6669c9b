import path from 'node:path';
import type { PreviewKind } from '../domain/preview.js';
import { parseEnvironment, type Environment } from './environment.js';
import { storageSettings } from './storage-settings.js';

/** Freezes an object recursively. */
function frozen<Value extends object>(value: Value): Value {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner);
  return Object.freeze(value);
}

const http = (env: Environment) => ({
  host: env.HOST,
  port: env.PORT,
  publicUrl: env.PUBLIC_URL,
  instanceUrl: env.INSTANCE_URL,
  corsOrigins: env.CORS_ORIGINS as readonly string[],
  keepAliveMs: env.KEEP_ALIVE_SECONDS * 1000,
  maxConnections: env.MAX_CONNECTIONS,
  /** 0 for any number. */
  maxConnectionsPerAddress: env.MAX_CONNECTIONS_PER_ADDRESS,
  bodyMemoryBytes: env.BODY_MEMORY_MB,
  bodyIdleMs: env.BODY_IDLE_SECONDS * 1000,
  bodyMinBytesPerSecond: env.BODY_MIN_BYTES_PER_SECOND,
  readIdleMs: env.READ_IDLE_SECONDS * 1000,
  /** Proxies in front. */
  trustedProxies: env.TRUST_PROXY,
  requestsPerMinute: env.RATE_LIMIT_PER_MINUTE,
  framesPerMinute: env.SERVO_FRAMES_PER_MINUTE,
});

const folders = ({ DATA_DIR, MEDIA_DIR, MODELS_DIR, LOG_DIR }: Environment) => ({
  data: DATA_DIR,
  /** The blob store. */
  media: path.resolve(MEDIA_DIR ?? path.join(DATA_DIR, 'media')),
  models: MODELS_DIR,
  logs: path.resolve(LOG_DIR ?? path.join(DATA_DIR, 'logs')),
});

const database = (env: Environment) => ({
  url: env.DATABASE_URL,
  host: env.DB_HOST,
  port: env.DB_PORT,
  user: env.DB_USERNAME,
  password: env.DB_PASSWORD,
  name: env.DB_NAME,
  maxConnections: env.DB_POOL_MAX,
});

const queue = (env: Environment) => ({
  /** Redis once its host is named, unless the setting says otherwise. */
  backend: env.QUEUE_BACKEND ?? (env.REDIS_HOST ? ('redis' as const) : ('postgres' as const)),
  prefix: env.QUEUE_PREFIX,
  redis: { host: env.REDIS_HOST ?? '127.0.0.1', port: env.REDIS_PORT },
});

const accounts = (env: Environment) => ({
  bcryptRounds: env.BCRYPT_SALT_ROUNDS,
  loginAttemptsPer15Minutes: env.LOGIN_ATTEMPTS_PER_15_MINUTES,
  configuredKeys: env.API_KEYS,
  keysPerUser: env.API_KEYS_PER_USER,
  admin: {
    email: env.ADMIN_EMAIL,
    password: env.ADMIN_PASSWORD,
    name: env.ADMIN_NAME,
    surname: env.ADMIN_SURNAME,
  },
});

const token = (env: Environment) => ({
  privateKeyPath: env.JWT_PRIVATE_KEY_PATH,
  publicKeyPath: env.JWT_PUBLIC_KEY_PATH,
  issuer: env.JWT_ISSUER,
  audience: env.JWT_AUDIENCE,
  lifetimeSeconds: env.JWT_EXPIRATION,
  refreshSeconds: env.REFRESH_TOKEN_EXPIRATION,
});

const upload = (env: Environment) => ({
  maxBytes: env.UPLOAD_MAX_MB,
  maxVideoPixels: env.UPLOAD_MAX_PIXELS,
  maxImagePixels: env.UPLOAD_MAX_IMAGE_PIXELS,
  maxFrames: env.UPLOAD_MAX_FRAMES,
  maxZipFiles: env.UPLOAD_ZIP_MAX_FILES,
  maxResumableBytes: env.UPLOAD_RESUMABLE_MAX_MB,
  lifetimeMs: env.UPLOAD_LIFETIME * 1000,
  openPerUser: env.UPLOADS_PER_USER,
});

/** Limits of users without limits of their own; 0 for no limit. */
const quota = (env: Environment) => ({
  storageBytes: env.STORAGE_PER_USER_MB,
  uploadBytesPerDay: env.UPLOAD_PER_USER_AND_DAY_MB,
  waitingJobs: env.MAX_WAITING_JOBS_PER_USER,
  runningJobs: env.MAX_RUNNING_JOBS_PER_USER,
  requestsPerMinute: env.REQUESTS_PER_USER_AND_MINUTE,
  weight: 1,
});

const job = (env: Environment) => ({
  timeoutMs: env.JOB_TIMEOUT * 1000,
  inpaintingModelTimeoutMs: env.INPAINTING_MODEL_TIMEOUT * 1000,
  leaseMs: env.LEASE_SECONDS * 1000,
  engineThreads: env.ENGINE_THREADS,
});

const inference = (env: Environment) => ({
  timeoutMs: env.INFERENCE_TIMEOUT,
  device: env.INFERENCE_DEVICE,
  maxModels: env.MAX_MODELS_IN_MEMORY,
  modelMemoryBytes: env.MODELS_MEMORY_MB,
  enginesPerModel: env.NETWORK_ENGINES,
  threadsPerEngine: env.NETWORK_THREADS,
  jpegDecoder: env.JPEG_DECODER,
});

const servo = (env: Environment) => ({
  engines: env.SERVO_ENGINES,
  spareEngines: env.SERVO_SPARE_ENGINES,
  maxFrameBytes: env.SERVO_FRAME_MAX_MB,
  maxRecordingBytes: env.SERVO_RECORD_MAX_MB,
  sessionsPerUser: env.SERVO_SESSIONS_PER_USER,
});

/** Sign-in by OpenID Connect; null when no provider is configured. */
const oidc = (env: Environment) =>
  env.OIDC_ISSUER === undefined
    ? null
    : {
        issuer: env.OIDC_ISSUER,
        clientId: env.OIDC_CLIENT_ID ?? '',
        /** Without one, the client is a public one. */
        clientSecret: env.OIDC_CLIENT_SECRET,
        scope: env.OIDC_SCOPES,
        buttonName: env.OIDC_BUTTON_NAME,
        /** Empty for any. */
        allowedDomains: env.OIDC_ALLOWED_DOMAINS as readonly string[],
        /** Name of the claim that decides about the admin role; roles stay as they are without one. */
        roleClaim: env.OIDC_ROLE_CLAIM,
        adminValue: env.OIDC_ADMIN_VALUE,
        linksVerifiedEmail: env.OIDC_LINK_VERIFIED_EMAIL,
        allowsSignUp: env.OIDC_SIGN_UP,
      };

const webhooks = (env: Environment) => ({
  allowPrivate: env.WEBHOOK_ALLOW_PRIVATE,
  perUser: env.WEBHOOKS_PER_USER,
  concurrency: env.WEBHOOK_CONCURRENCY,
  timeoutMs: env.WEBHOOK_TIMEOUT_SECONDS * 1000,
});

const retentionDays = (env: Environment) => ({
  trash: env.TRASH_DAYS,
  results: env.RESULT_RETENTION_DAYS,
  events: env.EVENT_RETENTION_DAYS,
  audit: env.AUDIT_RETENTION_DAYS,
  /** Unset: the logger's own values. */
  logs: env.LOG_RETENTION_DAYS,
});

const backup = (env: Environment) => ({
  repository: env.BACKUP_REPOSITORY,
  password: env.BACKUP_PASSWORD,
  s3AccessKeyId: env.BACKUP_S3_ACCESS_KEY_ID,
  s3SecretAccessKey: env.BACKUP_S3_SECRET_ACCESS_KEY,
});

const imports = (env: Environment) => ({
  allowPrivate: env.IMPORT_ALLOW_PRIVATE,
  perUser: env.IMPORTS_PER_USER,
  concurrency: env.IMPORT_CONCURRENCY,
  maxBytes: env.IMPORT_MAX_MB,
  timeoutMs: env.IMPORT_TIMEOUT * 1000,
  s3Buckets: env.IMPORT_S3_BUCKETS as readonly string[],
});

const previews = (env: Environment) => ({
  kinds: env.PREVIEWS as readonly PreviewKind[],
  proxyEncoder: env.PREVIEW_PROXY_ENCODER,
  threads: env.PREVIEW_THREADS,
  timeoutMs: env.PREVIEW_TIMEOUT * 1000,
});

/** The environment as the product reads it: by subject, with the unit in the name, and unchangeable. */
function settingsOf(env: Environment) {
  return frozen({
    mode: env.NODE_ENV,
    logLevel: env.LOG_LEVEL,
    startupTimeoutMs: env.STARTUP_TIMEOUT * 1000,
    diskReserveBytes: env.DISK_RESERVE_MB,
    ffmpeg: { ffmpegPath: env.FFMPEG_PATH, ffprobePath: env.FFPROBE_PATH },
    worker: { concurrency: env.WORKER_CONCURRENCY, port: env.WORKER_PORT },
    power: { carbonGramsPerKwh: env.CARBON_GRAMS_PER_KWH, cpuWatts: env.CPU_WATTS },
    http: http(env),
    folders: folders(env),
    storage: storageSettings(env),
    database: database(env),
    queue: queue(env),
    accounts: accounts(env),
    token: token(env),
    oidc: oidc(env),
    upload: upload(env),
    quota: quota(env),
    job: job(env),
    inference: inference(env),
    servo: servo(env),
    webhooks: webhooks(env),
    imports: imports(env),
    backup: backup(env),
    previews: previews(env),
    retentionDays: retentionDays(env),
  });
}

/** See {@link settingsOf}. */
export type Settings = ReturnType<typeof settingsOf>;

/**
 * Parses the environment once and reports every problem at once.
 * @throws Error whose message lists all problems, one per line
 */
export const parseSettings = (source: NodeJS.ProcessEnv): Settings => settingsOf(parseEnvironment(source));
