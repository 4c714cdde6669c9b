import type { OpenFiller } from '../../src/tasks/inpainting/fill-port.js';

/** Leaves the picture as it is: what changes comes from reading and writing the file. */
export const keepingFiller: OpenFiller = ({ device }) =>
  Promise.resolve({
    device: { requested: device, used: 'cpu', reason: 'a stand-in', attempts: [] },
    network: null,
    fill: ({ rgb }) =>
      Promise.resolve({
        pictures: [{ method: 'kept', rgb: Uint8Array.from(rgb) }],
        timings: { fillMs: 1 },
        warnings: [],
      }),
    release: () => undefined,
  });
