import type { OpenFiller } from '../../src/tasks/inpainting/filler.js';

/** Leaves the image as it is: what changes comes from reading and writing the file. */
export const keepingFiller: OpenFiller = ({ device }) =>
  Promise.resolve({
    device: { requested: device, used: 'cpu', reason: 'a stand-in', attempts: [] },
    network: null,
    fill: ({ image }) =>
      Promise.resolve({
        images: [{ method: 'kept', image: { ...image, data: Uint8Array.from(image.data) } }],
        timings: { fillMs: 1 },
        warnings: [],
      }),
    release: () => undefined,
  });
