import type { ApiKey } from '../../src/domain/api-key.js';
import type { Dataset, DatasetItem, Media } from '../../src/domain/dataset.js';
import type { JobEvent } from '../../src/domain/job-event.js';
import type { Job } from '../../src/domain/job.js';
import type { LedgerEntry, PricePreset, PriceVersion } from '../../src/domain/money.js';
import type { IdempotencyRecord } from '../../src/domain/repositories/idempotency.repository.js';
import type { SignInCode } from '../../src/domain/identity.js';
import type { EnqueueRequest } from '../../src/domain/repositories/unit-of-work.js';
import type { JobResult } from '../../src/domain/result.js';
import type { Owner } from '../../src/domain/listing.js';
import type { ServoSession } from '../../src/domain/servo-session.js';
import type { PasswordReset, UserSession } from '../../src/domain/user-session.js';
import type { User } from '../../src/domain/user.js';
import { AppError } from '../../src/errors/app-error.js';
import type { CodeOfKind } from '../../src/errors/codes.js';

/** A stored key with its age. */
export type StoredKey = IdempotencyRecord & { readonly createdAt: Date };

const CREDIT = 1_000_000;
const credits = (amount: number) => BigInt(Math.round(amount * CREDIT));

/** The price list as the product's documents state it. */
const PRICES: readonly PricePreset[] = [
  {
    preset: 'infernode',
    version: 1,
    prices: {
      'upload.image': credits(0.001),
      'upload.video_frame': credits(0.001),
      'upload.zip_file': credits(0.001),
      'inference.image': credits(0.002),
      'inference.video_frame': credits(0.002),
    },
  },
  {
    preset: 'inpainting',
    version: 1,
    prices: {
      'upload.image': credits(0.65),
      'upload.video_frame': credits(0.4),
      'upload.zip_file': credits(0.7),
      'inference.image': credits(2.75),
      'inference.video_frame': credits(1.5),
    },
  },
];

/** The tables. Rows are never changed in place, so copies of the maps are a snapshot. */
interface Tables {
  readonly users: Map<string, User>;
  readonly ledger: Map<string, LedgerEntry>;
  readonly prices: Map<string, PriceVersion>;
  readonly datasets: Map<string, Dataset>;
  readonly media: Map<string, Media>;
  readonly items: Map<string, DatasetItem>;
  readonly jobs: Map<string, Job>;
  readonly events: Map<string, JobEvent>;
  readonly results: Map<string, JobResult>;
  readonly zips: Map<string, Buffer>;
  readonly keys: Map<string, StoredKey>;
  /** Ends of signed-out browser sessions, by id. */
  readonly revokedSessions: Map<string, Date>;
  readonly servoSessions: Map<string, ServoSession>;
  readonly apiKeys: Map<string, ApiKey>;
  readonly userSessions: Map<string, UserSession>;
  readonly passwordResets: Map<string, PasswordReset>;
  /** Users by issuer and subject. */
  readonly identities: Map<string, string>;
  readonly signInCodes: Map<string, SignInCode>;
  /** Images of goals by user and digest, the one used last at the end. */
  readonly servoGoals: Map<string, Uint8Array>;
  /** Queue messages that the queue was given, by dedupe id. */
  readonly messages: Map<string, EnqueueRequest>;
}

/** What the in-memory repositories share: tables and a clock that tests may set. */
export class InMemoryStore implements Tables {
  readonly users = new Map<string, User>();
  readonly ledger = new Map<string, LedgerEntry>();
  readonly prices = new Map(
    PRICES.map((preset): [string, PriceVersion] => [
      `${preset.preset} ${preset.version}`,
      { ...preset, effectiveFrom: null, createdAt: null, createdBy: null, note: '' },
    ]),
  );
  readonly datasets = new Map<string, Dataset>();
  readonly media = new Map<string, Media>();
  readonly items = new Map<string, DatasetItem>();
  readonly jobs = new Map<string, Job>();
  readonly events = new Map<string, JobEvent>();
  readonly results = new Map<string, JobResult>();
  readonly zips = new Map<string, Buffer>();
  readonly keys = new Map<string, StoredKey>();
  readonly revokedSessions = new Map<string, Date>();
  readonly servoSessions = new Map<string, ServoSession>();
  readonly apiKeys = new Map<string, ApiKey>();
  readonly userSessions = new Map<string, UserSession>();
  readonly passwordResets = new Map<string, PasswordReset>();
  readonly identities = new Map<string, string>();
  readonly signInCodes = new Map<string, SignInCode>();
  readonly servoGoals = new Map<string, Uint8Array>();
  readonly messages = new Map<string, EnqueueRequest>();

  constructor(readonly now: () => Date = () => new Date()) {}

  /** The owner of a row as listings show it. */
  ownerOf(userId: string): Owner {
    const user = this.users.get(userId);
    if (!user) throw new Error(`no user ${userId}`);
    const { id, email, name, surname, role, deletedAt } = user;
    return { id, email, name, surname, role, deleted: deletedAt !== null };
  }

  /** Takes a snapshot; the returned function brings all tables back to it. */
  snapshot(): () => void {
    const tables: Map<string, unknown>[] = [
      this.users,
      this.ledger,
      this.prices,
      this.datasets,
      this.media,
      this.items,
      this.jobs,
      this.events,
      this.results,
      this.zips,
      this.keys,
      this.revokedSessions,
      this.servoSessions,
      this.apiKeys,
      this.userSessions,
      this.passwordResets,
      this.identities,
      this.signInCodes,
      this.servoGoals,
      this.messages,
    ];
    const copies = tables.map((table) => new Map(table));
    return () => {
      tables.forEach((table, index) => {
        table.clear();
        copies[index].forEach((row, key) => table.set(key, row));
      });
    };
  }
}

/** The refusal of a row that exists already. */
export function conflict(code: CodeOfKind<'conflict'>): AppError {
  return new AppError(code, { message: `${code}: refused by the in-memory store.` });
}
