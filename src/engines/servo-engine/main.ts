import '../../supervision/interpreted-schemas.js';
import { openParentChannel } from '../../supervision/parent-channel.js';
import { ServoEngineHost } from './host.js';
import type { FromServoEngine } from './protocol.js';

/** Entry point of a servo engine process, started by its pool. */
const HEARTBEAT_MS = 1_000;

const channel = openParentChannel((message, bytes) => host.receive(message, bytes));
const send = (message: FromServoEngine): void => channel.send(message);
const host = new ServoEngineHost(send);

send({ type: 'ready' });
setInterval(() => send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), HEARTBEAT_MS);
