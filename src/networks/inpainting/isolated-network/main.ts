import { openInpaintingNetwork, type InpaintingNetwork } from '../inpainting-network.js';
import { describeError } from '../../../errors/process-error.js';
import { networkRegistryOf } from '../../runtime/network-registries.js';
import type { FromModelProcess, ModelToOpen, ToModelProcess } from './messages.js';

/**
 * Entry of the process of one inpainting network, started by `ModelProcess`. The runtime cannot be interrupted, so the
 * engine ends this process when a run takes too long.
 */
let network: InpaintingNetwork | undefined;

async function open({ modelsDirectory, id, wish }: ModelToOpen): Promise<FromModelProcess> {
  network = await openInpaintingNetwork(networkRegistryOf(modelsDirectory), wish, id);
  const { lease, size } = network;
  return { type: 'opened', opened: { device: lease.device, identity: lease.identity, size } };
}

async function answer(message: ToModelProcess): Promise<FromModelProcess> {
  try {
    if (message.type === 'open') return await open(message.network);
    const { picture, hole } = message;
    await network?.run(picture, hole);
    return { type: 'filled', data: picture.data };
  } catch (error) {
    return { type: 'failed', error: describeError(error) };
  }
}

// Only the engine speaks on this channel, and it waits for each answer.
process.on('message', (message: ToModelProcess) => {
  void answer(message).then((reply) => process.send?.(reply, undefined, undefined, () => undefined));
});
process.on('disconnect', () => process.exit(0));
