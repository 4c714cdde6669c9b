import { createHash } from 'node:crypto';
import type { Media } from '../domain/dataset.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import type { ServoGoalReference } from '../domain/servo-session.js';
import type { ServoGoalSource } from '../domain/servo.js';
import { AppError } from '../errors/app-error.js';
import { invalidField, notFound } from '../errors/common-errors.js';
import type { BorrowedFile } from '../storage/blob-store.js';

/** The goal that a client asks for. */
export type ServoGoalRequest =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  /** A stored image, or a frame of a stored video; its last one unless given. */
  | { readonly kind: 'media'; readonly mediaId: string; readonly frame?: number }
  /** The goal of an earlier session. */
  | { readonly kind: 'session'; readonly sessionId: string };

/** A goal that can be set up. */
export interface ServoGoal {
  /** Sets the goal up; a local file of it exists as long as `use` runs. */
  withSource<Result>(use: (source: ServoGoalSource) => Promise<Result>): Promise<Result>;
  /** An image that was sent or stored; null for a frame of a video. */
  readonly bytes: Uint8Array | null;
  readonly reference: ServoGoalReference;
  /** An image that later sessions may ask for. */
  readonly image: { readonly sha256: string; readonly image: Uint8Array } | null;
}

/** Where goals are found. */
export interface ServoGoalsDeps {
  readonly read: Pick<Repositories, 'datasets' | 'servoSessions'>;
  /** Bytes of a stored image. */
  readonly readMedia: (media: Media) => Promise<Uint8Array>;
  /** A stored file on this machine. */
  readonly borrow: (media: Media) => Promise<BorrowedFile>;
}

/** Finds the goals of sessions. Another user's media and sessions do not exist for the caller. */
export class ServoGoals {
  readonly #deps: ServoGoalsDeps;

  constructor(deps: ServoGoalsDeps) {
    this.#deps = deps;
  }

  /** @throws AppError NOT_FOUND, FRAME_OUT_OF_RANGE, SERVO_GOAL_GONE */
  async find(request: ServoGoalRequest, userId: string): Promise<ServoGoal> {
    switch (request.kind) {
      case 'image':
        return imageGoal(request.bytes);
      case 'media':
        return this.#stored(request, userId);
      case 'session':
        return this.#earlier(request.sessionId, userId);
    }
  }

  async #earlier(sessionId: string, userId: string): Promise<ServoGoal> {
    const { servoSessions } = this.#deps.read;
    const { goalSource } = await servoSessions.requireOwned(sessionId, userId);
    if (goalSource.kind === 'media') return this.#stored(goalSource, userId);
    const image = await servoSessions.findGoal(userId, goalSource.sha256);
    if (image) return imageGoal(image);
    const message = `goal.sessionId: the image of session ${sessionId} is not kept any more; send it again.`;
    throw invalidField('/goal/sessionId', 'SERVO_GOAL_GONE', message);
  }

  async #stored(
    { mediaId, frame }: { readonly mediaId: string; readonly frame?: number },
    userId: string,
  ): Promise<ServoGoal> {
    const media = await this.#requireMedia(mediaId, userId);
    const { name, width, height, frameCount, frameSource } = media;
    const goalFrame = frame ?? frameCount - 1;
    if (goalFrame >= frameCount) {
      const message = `goal.frame: ${String(goalFrame)} is beyond ${String(frameCount - 1)}; "${name}" has ${String(frameCount)} frames.`;
      throw invalidField('/goal/frame', 'FRAME_OUT_OF_RANGE', message);
    }
    const reference = { kind: 'media', mediaId: media.id, frame: goalFrame } as const;
    if (media.kind === 'image') {
      const bytes = await this.#deps.readMedia(media);
      const source = { kind: 'image', bytes } as const;
      return { withSource: (use) => use(source), bytes, reference, image: null };
    }
    const video = { width, height, frameCount, frameSource };
    return {
      withSource: async (use) => {
        await using file = await this.#deps.borrow(media);
        return await use({ kind: 'video', path: file.path, frame: goalFrame, video });
      },
      bytes: null,
      reference,
      image: null,
    };
  }

  async #requireMedia(mediaId: string, userId: string): Promise<Media> {
    const { datasets } = this.#deps.read;
    const media = await datasets.findMedia(mediaId);
    if (media?.userId !== userId || media.deletedAt) throw notFound('Media', mediaId);
    const [dataset] = await datasets.findByIds([media.datasetId]);
    // With its dataset a file is gone for its owner too.
    if (!dataset || dataset.deletedAt) throw notFound('Media', mediaId);
    return media;
  }
}

function imageGoal(bytes: Uint8Array): ServoGoal {
  if (bytes.length === 0) throw new AppError('PICTURE_EMPTY', { message: 'The image of the goal is empty.' });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const source = { kind: 'image', bytes } as const;
  return {
    withSource: (use) => use(source),
    bytes,
    reference: { kind: 'image', sha256 },
    image: { sha256, image: bytes },
  };
}
