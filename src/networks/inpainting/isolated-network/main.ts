import { openInpaintingNetwork, type InpaintingNetwork } from '../inpainting-network.js';
import { describeError } from '../../../errors/process-error.js';
import { networkRegistryOf } from '../../runtime/network-registries.js';
import type { FromIsolatedNetwork, NetworkToOpen, ToIsolatedNetwork } from './messages.js';

/**
 * Entry point of the process of one inpainting network, started by `NetworkProcess`. A run cannot be
 * interrupted, so the engine kills this process when a run takes too long.
 */
let network: InpaintingNetwork | undefined;

async function open({ modelsDirectory, id, preference }: NetworkToOpen): Promise<FromIsolatedNetwork> {
  network = await openInpaintingNetwork(networkRegistryOf(modelsDirectory), preference, id);
  const { lease, size } = network;
  return { type: 'opened', opened: { device: lease.device, identity: lease.identity, size } };
}

async function answer(message: ToIsolatedNetwork): Promise<FromIsolatedNetwork> {
  try {
    if (message.type === 'open') return await open(message.network);
    const { image, hole } = message;
    await network?.run(image, hole);
    return { type: 'filled', data: image.data };
  } catch (error) {
    return { type: 'failed', error: describeError(error) };
  }
}

// Only the engine sends messages, and it waits for each answer before the next request.
process.on('message', (message: ToIsolatedNetwork) => {
  void answer(message).then((reply) => process.send?.(reply, undefined, undefined, () => undefined));
});
process.on('disconnect', () => process.exit(0));
