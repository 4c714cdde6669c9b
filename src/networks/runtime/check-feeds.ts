import { elementCount, modelMismatch, type Tensor, type TensorInfo } from './tensor-session.js';

/**
 * Compares feeds with a graph's inputs before the runtime gets them: a wrong size may otherwise fail deep
 * inside the graph, or be broadcast and give wrong results. Dynamic dimensions of the same name must have the
 * same size in all inputs.
 * @throws AppError `MODEL_MISMATCH` naming the input, its actual and its expected size.
 */
export function checkFeeds(inputs: readonly TensorInfo[], feeds: Readonly<Record<string, Tensor>>): void {
  const free = new Map<string, { readonly size: number; readonly from: string }>();
  for (const input of inputs) {
    const tensor: Tensor | undefined = feeds[input.name];
    if (tensor === undefined) throw modelMismatch(`The network's input ${input.name} is missing.`);
    checkShape(input, tensor);
    input.dims.forEach((dim, axis) => {
      if (typeof dim === 'number' || dim === '') return;
      const size = tensor.dims[axis];
      const known = free.get(dim);
      if (known && known.size !== size) {
        throw modelMismatch(
          `The network's input ${input.name} has ${String(size)} for dimension ${dim}, but ${known.from} has ${String(known.size)}.`,
        );
      }
      free.set(dim, { size, from: input.name });
    });
  }
  const names = new Set(inputs.map(({ name }) => name));
  const unknown = Object.keys(feeds).find((name) => !names.has(name));
  if (unknown !== undefined) throw modelMismatch(`The network has no input ${unknown}.`);
}

function checkShape(input: TensorInfo, tensor: Tensor): void {
  const wanted = `${input.dtype} [${input.dims.join(', ')}]`;
  const got = `${tensor.dtype} [${tensor.dims.join(', ')}]`;
  const fits =
    tensor.dtype === input.dtype &&
    tensor.dims.length === input.dims.length &&
    input.dims.every((dim, axis) => typeof dim === 'string' || dim === tensor.dims[axis]);
  if (!fits) throw modelMismatch(`The network's input ${input.name} is ${got} instead of ${wanted}.`);
  if (tensor.data.length !== elementCount(tensor.dims)) {
    const held = `holds ${String(tensor.data.length)} values`;
    throw modelMismatch(
      `The network's input ${input.name} ${held}, its shape [${tensor.dims.join(', ')}] needs ${String(elementCount(tensor.dims))}.`,
    );
  }
}
