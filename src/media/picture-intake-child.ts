import { AppError } from '../errors/app-error.js';
import { takePicture, type PictureIntake, type TakenPicture } from './picture-intake.js';

/** What the child answers to one order. */
export type IntakeAnswer =
  | { readonly ok: true; readonly picture: TakenPicture }
  | { readonly ok: false; readonly error: Pick<AppError, 'code' | 'kind' | 'message' | 'details'> };

/** Takes one picture in and puts what went wrong into words that cross the wire. */
async function answer(order: PictureIntake): Promise<IntakeAnswer> {
  try {
    return { ok: true, picture: await takePicture(order) };
  } catch (error) {
    // What is no finding about the picture is a fault of ours; its text could name paths.
    const known =
      error instanceof AppError
        ? error
        : new AppError({
            code: 'IMAGE_FAILED',
            kind: 'internal',
            message: 'The picture could not be processed.',
          });
    const { code, kind, message, details } = known;
    return { ok: false, error: { code, kind, message, details } };
  }
}

/** Entry of the process that decodes users' pictures; one order at a time, ends with its parent. */
process.on('message', (order: PictureIntake) => {
  void answer(order).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit(0));
