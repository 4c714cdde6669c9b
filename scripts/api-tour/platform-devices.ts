import { io, type Socket } from 'socket.io-client';
import type { TourSetting } from './compatibility-routes.js';
import type { Caller, Tour } from './tour.js';

const INTRODUCTION = `Socket.IO at the namespace \`/remote-control\`. Every device of a user is in the room \`USER:<id>\`: what one sends, all
receive. See [remote control](remote-control.md).`;

type Received = readonly [device: string, event: string, data: unknown];

/** Two devices of a user; their events are recorded in order. */
class Devices {
  readonly received: Received[] = [];
  readonly #open: Socket[] = [];
  #wake: () => void = () => undefined;

  constructor(readonly url: string) {}

  async connect(name: string, auth: Readonly<Record<string, string>>): Promise<Socket> {
    const socket = io(`${this.url}/remote-control`, { transports: ['websocket'], forceNew: true, auth });
    this.#open.push(socket);
    const record = (event: string, data: unknown): void => {
      this.received.push([name, event, data]);
      this.#wake();
    };
    socket.onAny(record);
    socket.on('connect', () => record('connect', null));
    socket.on('connect_error', (error: Error & { data?: unknown }) => {
      record('connect_error', { message: error.message, data: error.data });
      socket.disconnect();
    });
    const before = this.received.length;
    while (
      !this.received.slice(before).some(([device, event]) => device === name && event.startsWith('connect'))
    )
      await new Promise<void>((resolve) => (this.#wake = resolve));
    return socket;
  }

  /** Waits until a device has received an event. */
  async until(name: string, wanted: string): Promise<void> {
    while (!this.received.some(([device, event]) => device === name && event === wanted))
      await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** What was recorded since the last call, without the quota that each connection gets. */
  take(): readonly unknown[] {
    return this.received.splice(0).map(([device, event, data]) => ({ device, event, data }));
  }

  close(): void {
    this.#open.forEach((socket) => socket.disconnect());
  }
}

/** Shows the events of remote control. */
export async function showRemoteControl(
  tour: Tour,
  { url }: Pick<TourSetting, 'url'>,
  { user, jobId, ticket }: { readonly user: Caller; readonly jobId: string; readonly ticket: string },
): Promise<void> {
  tour.section('Remote control', INTRODUCTION);
  const devices = new Devices(url);
  await devices.connect('nobody', {});
  tour.messages('A client without a credential (`auth: {}`) is refused:', devices.take());
  const phone = await devices.connect('phone', { token: user.token });
  await devices.until('phone', 'client_presence');
  tour.messages('A phone connects with `auth: {token}`:', devices.take());
  const player = await devices.connect('player', { ticket });
  await devices.until('player', 'client_presence');
  await player.emitWithAck('web_client_status', { active: true });
  await devices.until('player', 'client_presence');
  tour.messages(
    'A web player connects with `auth: {ticket}` and sends `web_client_status {active: true}`:',
    devices.take(),
  );
  await phone.emitWithAck('new_remote_control_event', { event: 'seek', value: 12.5 });
  await devices.until('player', 'new_remote_control_event');
  tour.messages(
    'The phone sends `new_remote_control_event {event: "seek", value: 12.5}`; both receive it:',
    devices.take(),
  );
  const refused: unknown = await phone.emitWithAck('new_remote_control_event', { event: 'explode' });
  tour.messages('An unknown control is refused, in its acknowledgement and as an event:', [
    refused,
    ...devices.take(),
  ]);
  await player.emitWithAck('state_sync', { name: 'result', timecode: '12.5', paused: 'false' });
  await devices.connect('late', { token: user.token });
  await devices.until('late', 'state_sync');
  tour.messages(
    'The player sends `state_sync`; a device that connects later gets the last one:',
    devices.take(),
  );
  await phone.emitWithAck('join_job_room', jobId);
  await devices.until('phone', 'job:progress');
  tour.messages('The phone sends `join_job_room` and gets the last state of the job:', devices.take());
  player.emit('goodbye');
  await devices.until('phone', 'goodbye');
  tour.messages('The player says `goodbye`:', devices.take());
  devices.close();
  tour.require(Reflect.get(Object(refused), 'ok') === false, 'an unknown control is refused');
}
