import type { NodePlacement } from '../../src/networks/runtime/node-placement.js';
import type {
  OnnxSessionOptions,
  ProfiledSession,
  SessionOpener,
} from '../../src/networks/runtime/onnx-session.js';

/** A session opener without a runtime that remembers what it did. */
export interface FakeOpener {
  readonly open: SessionOpener;
  readonly opened: OnnxSessionOptions[];
  readonly closed: OnnxSessionOptions[];
  /** Where nodes seem to have run; on the session's own device unless set. */
  placement: NodePlacement | null;
  /** Rejects the next opening with this. */
  failNext: Error | null;
  /** Opening waits for this. */
  gate: Promise<void>;
}

/** Makes one. */
export function makeFakeOpener(): FakeOpener {
  const fake: FakeOpener = {
    opened: [],
    closed: [],
    placement: null,
    failNext: null,
    gate: Promise.resolve(),
    open: async (options) => {
      fake.opened.push(options);
      await fake.gate;
      if (fake.failNext !== null) {
        const error = fake.failNext;
        fake.failNext = null;
        throw error;
      }
      return fakeSession(fake, options);
    },
  };
  return fake;
}

function fakeSession(fake: FakeOpener, options: OnnxSessionOptions): ProfiledSession {
  return {
    device: options.device,
    inputs: [],
    outputs: [],
    run: () => Promise.resolve({}),
    endProfile: () => Promise.resolve(fake.placement ?? { cpu: 0, cuda: 0, webgpu: 0, [options.device]: 5 }),
    close: () => {
      fake.closed.push(options);
      return Promise.resolve();
    },
  };
}
