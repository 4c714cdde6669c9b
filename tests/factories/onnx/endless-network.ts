import { colourNetwork } from './colour-network.js';
import { loopNode } from './loop-node.js';
import { writeOnnx } from './onnx-model.js';

/** Numbers of element types in ONNX. */
const BOOL = 9;
const FLOAT = 1;
const INT64 = 7;

/** A network that takes four bytes of memory for each of `count` elements and then never ends. */
export const hoardingNetwork = (): Uint8Array =>
  writeOnnx({
    inputs: [{ name: 'count', dtype: 'int64', dims: [1] }],
    outputs: [{ name: 'done', dims: [] }],
    constants: [
      { name: 'zero', dims: [], data: [0] },
      { name: 'one', dims: [], data: [1] },
    ],
    nodes: [
      { op: 'ConstantOfShape', inputs: ['count'], outputs: ['hoard'] },
      { op: 'Cast', inputs: ['one'], outputs: ['always'], ints: { to: BOOL } },
      loopNode({ condition: 'always', value: 'zero', output: 'ended' }),
      // Keeps the memory in use until the loop has ended.
      { op: 'ReduceMax', inputs: ['hoard'], outputs: ['largest'], ints: { keepdims: 0 } },
      { op: 'Add', inputs: ['ended', 'largest'], outputs: ['done'] },
    ],
  });

/**
 * A colour network that opens as any other, and never answers for a white image.
 * @param hoarded elements of four bytes that it takes for such an image before it loops
 */
export const endlessColourNetwork = (hoarded = 0): Uint8Array =>
  colourNetwork({
    tail: {
      constants: [
        { name: 'limit', dims: [], data: [0.999] },
        { name: 'nothing', dims: [], data: [0] },
        { name: 'hoarded', dims: [1], data: [hoarded] },
      ],
      nodes: [
        { op: 'ReduceMin', inputs: ['sums'], outputs: ['darkest'], ints: { keepdims: 0 } },
        { op: 'Greater', inputs: ['darkest', 'limit'], outputs: ['white'] },
        { op: 'Cast', inputs: ['white'], outputs: ['share'], ints: { to: FLOAT } },
        { op: 'Mul', inputs: ['share', 'hoarded'], outputs: ['amount'] },
        { op: 'Cast', inputs: ['amount'], outputs: ['count'], ints: { to: INT64 } },
        { op: 'ConstantOfShape', inputs: ['count'], outputs: ['hoard'] },
        loopNode({ condition: 'white', value: 'darkest', output: 'ended' }),
        // Keeps the memory in use until the loop has ended.
        { op: 'ReduceSum', inputs: ['hoard'], outputs: ['sum'], ints: { keepdims: 0 } },
        { op: 'Add', inputs: ['ended', 'sum'], outputs: ['end'] },
        { op: 'Mul', inputs: ['end', 'nothing'], outputs: ['added'] },
        { op: 'Add', inputs: ['sums', 'added'], outputs: ['scores'] },
      ],
      outputs: [{ name: 'scores', dims: ['N', 3] }],
    },
  });
