import type { Tensor } from '../../domain/tensor.js';
import { AppError } from '../../errors/app-error.js';

/** The error for work before a network was loaded. */
export const notLoaded = (): AppError =>
  new AppError('ENGINE_EMPTY', { message: 'The engine has not loaded a network.' });

/** The error of a classification by a network of another task. */
export const noClassifier = (): AppError =>
  new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: 'The network cannot classify images; choose a network with task classification.',
  });

/** The error of a detection by a network of another task. */
export const noDetector = (): AppError =>
  new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: 'The network cannot detect objects; choose a network with task detection.',
  });

/** The error for a requested output that the graph does not have. */
export const noOutput = (name: string, known: readonly string[]): AppError =>
  new AppError('MODEL_MISMATCH', {
    message: `The network has no output ${name}; it has ${known.join(', ')}.`,
  });

/** A tensor with one image. @throws AppError `MODEL_MISMATCH` (invalid) for any other */
export function singleRow(tensor: Tensor | null): Tensor {
  if (tensor !== null && tensor.dims[0] === 1) return tensor;
  throw new AppError('MODEL_MISMATCH', {
    message: `A tensor to be classified must contain one image: its first dimension must be 1, not ${String(tensor?.dims[0])}.`,
  });
}
