import { createAdapter } from '@socket.io/redis-adapter';
import type { Settings } from '../config/settings.js';
import { openRedisConsumer, openRedisProducer } from '../queue/redis-connection.js';
import type { SocketAdapter } from '../realtime/remote-control/ports.js';

/** Distributes remote-control events between api processes through Redis. */
export function createRedisSocketAdapter(
  { redis, prefix }: Settings['queue'],
  onError: (error: unknown) => void,
): SocketAdapter {
  const producer = openRedisProducer(redis, onError);
  const consumer = openRedisConsumer(redis, onError);
  // The adapter ignores the result, so a failed command would be an unhandled rejection.
  const publisher = Object.assign(producer, {
    publish: (channel: string, message: string | Buffer) =>
      producer.call('PUBLISH', channel, message).catch(onError),
  });
  const create = createAdapter(publisher, consumer, { key: `${prefix || 'infernode'}:socket.io` });
  return {
    create,
    close: async () => {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}
