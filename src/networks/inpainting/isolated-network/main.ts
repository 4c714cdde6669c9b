import { openInpaintingNetwork, type InpaintingNetwork } from '../inpainting-network.js';
import { describeError } from '../../../errors/process-error.js';
import { networkRegistryOf } from '../../runtime/network-registries.js';
import type { FromIsolatedNetwork, NetworkToOpen, ToIsolatedNetwork } from './messages.js';

/**
 * Entry of the process of one inpainting network, started by `NetworkProcess`. The runtime cannot be interrupted, so the
 * engine ends this process when a run takes too long.
 */
let network: InpaintingNetwork | undefined;

async function open({ modelsDirectory, id, wish }: NetworkToOpen): Promise<FromIsolatedNetwork> {
  network = await openInpaintingNetwork(networkRegistryOf(modelsDirectory), wish, id);
  const { lease, size } = network;
  return { type: 'opened', opened: { device: lease.device, identity: lease.identity, size } };
}

async function answer(message: ToIsolatedNetwork): Promise<FromIsolatedNetwork> {
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
process.on('message', (message: ToIsolatedNetwork) => {
  void answer(message).then((reply) => process.send?.(reply, undefined, undefined, () => undefined));
});
process.on('disconnect', () => process.exit(0));
