import type { NodeSpec } from './onnx-model.js';

/** What a loop repeats, and how often. */
export interface LoopSpec {
  /** Scalar number of turns; without end unless given. */
  readonly turns?: string;
  /** Scalar that must hold. */
  readonly condition?: string;
  /** Scalar at the beginning. */
  readonly value: string;
  /** The scalar at the end. */
  readonly output: string;
  /** Makes the scalar `after` of the scalar `before` in each turn; unless given it stays the same. */
  readonly step?: NodeSpec;
}

/** A loop over one scalar. */
export const loopNode = ({
  turns = '',
  condition = '',
  value,
  output,
  step = { op: 'Identity', inputs: ['before'], outputs: ['after'] },
}: LoopSpec): NodeSpec => ({
  op: 'Loop',
  inputs: [turns, condition, value],
  outputs: [output],
  graphs: {
    body: {
      inputs: [
        { name: 'turn', dtype: 'int64', dims: [] },
        { name: 'goesOn', dtype: 'bool', dims: [] },
        { name: 'before', dims: [] },
      ],
      outputs: [
        { name: 'goesOnStill', dtype: 'bool', dims: [] },
        { name: 'after', dims: [] },
      ],
      nodes: [{ op: 'Identity', inputs: ['goesOn'], outputs: ['goesOnStill'] }, step],
    },
  },
});
