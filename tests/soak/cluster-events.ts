import type { Cluster } from '../support/cluster.js';
import { ClusterUser, jobOf } from '../support/cluster-user.js';
import { readEvents } from '../support/read-events.js';
import type { RealtimeClient } from '../support/realtime-client.js';

/** Events that were raised on one api process, and what a client of the other one received of them. */
export interface Deliveries {
  readonly sent: number;
  readonly received: number;
  /** Received out of order, or twice. */
  readonly misplaced: number;
  /** Times from sending to receiving, in ascending order. */
  readonly milliseconds: readonly number[];
}

/** Counts by kind of client. */
export type Counted = readonly (readonly [kind: string, deliveries: Deliveries])[];

const USERS = 10;
/** Below the limit of 20 events a second for each account. */
const CONTROL_PAUSE_MS = 55;
/** A client that receives nothing for so long has received everything. */
const SILENCE_MS = 15_000;
/** Events of a job that nothing disturbs: created, started, ended. */
const EVENTS_PER_JOB = 3;

const pause = (milliseconds: number): Promise<null> =>
  new Promise((resolve) => setTimeout(() => resolve(null), milliseconds));

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Takes numbers with `next` until `count` were received or none comes any more. */
async function receive(
  count: number,
  times: readonly number[],
  next: () => Promise<number>,
): Promise<Deliveries> {
  const milliseconds: number[] = [];
  let misplaced = 0;
  let expected = 0;
  while (milliseconds.length < count) {
    const value = await Promise.race([next(), pause(SILENCE_MS)]);
    if (value === null) break;
    milliseconds.push(performance.now() - times[value]);
    if (value < expected) misplaced += 1;
    expected = value + 1;
  }
  return {
    sent: count,
    received: milliseconds.length,
    misplaced,
    milliseconds: milliseconds.sort((a, b) => a - b),
  };
}

/** Sums of several users' deliveries. */
function total(parts: readonly Deliveries[]): Deliveries {
  const sum = (value: (part: Deliveries) => number) => parts.reduce((all, part) => all + value(part), 0);
  return {
    sent: sum(({ sent }) => sent),
    received: sum(({ received }) => received),
    misplaced: sum(({ misplaced }) => misplaced),
    milliseconds: parts.flatMap(({ milliseconds }) => milliseconds).sort((a, b) => a - b),
  };
}

const textNumber = (text: unknown): number => Number(/\d+$/.exec(String(text))?.[0]);

/** Registers users one after the other: sign-ins take processor time. */
async function registerUsers(cluster: Cluster, name: string): Promise<ClusterUser[]> {
  const users: ClusterUser[] = [];
  for (const index of numbers(USERS)) users.push(await ClusterUser.register(cluster, `${name}-${index}`));
  return users;
}

/** Texts sent to one api process, received over the other one. */
export async function notifications(cluster: Cluster, count: number): Promise<Counted> {
  const user = await ClusterUser.register(cluster, 'notified');
  const [socket, device] = [await user.socket(1), await user.device(1)];
  const times: number[] = [];
  const webSocket = receive(count, times, async () =>
    textNumber((await socket.next('notification')).message),
  );
  const socketIo = receive(count, times, async () => textNumber((await device.next('notification')).message));
  for (const value of numbers(count)) {
    times[value] = performance.now();
    await user.at(0).post('/api/websocket/test', { message: `message ${value}` });
  }
  const counted: Counted = [
    ['texts by WebSocket', await webSocket],
    ['texts by Socket.IO', await socketIo],
  ];
  user.close();
  return counted;
}

async function control(user: ClusterUser, count: number): Promise<Deliveries> {
  const [phone, player] = [await user.device(0), await user.device(1)];
  const times: number[] = [];
  const received = receive(count, times, async () => {
    const { value } = await player.next<{ value: number }>('new_remote_control_event');
    return value;
  });
  for (const value of numbers(count)) {
    times[value] = performance.now();
    phone.socket.emit('new_remote_control_event', { event: 'seek', value });
    await pause(CONTROL_PAUSE_MS);
  }
  const counted = await received;
  user.close();
  return counted;
}

/** Control events of devices on one api process, received by devices on the other one. */
export async function controlEvents(cluster: Cluster, count: number): Promise<Counted> {
  const each = Math.ceil(count / USERS);
  const users = await registerUsers(cluster, 'remote');
  const parts = await Promise.all(users.map((user) => control(user, each)));
  return [['control events by Socket.IO', total(parts)]];
}

/** Follows a job over an event stream until it ends; the numbers of its events. */
async function streamed(response: Response): Promise<number[]> {
  const seen: number[] = [];
  for await (const { event, id } of readEvents(response)) if (event !== 'snapshot') seen.push(Number(id));
  return seen;
}

/** The numbers of a job's events that a WebSocket receives, up to the last one. */
async function socketEvents(
  socket: RealtimeClient,
  jobs: ReadonlyMap<string, number>,
): Promise<Map<string, number[]>> {
  const seen = new Map<string, number[]>();
  const isComplete = () => [...jobs].every(([id, last]) => seen.get(id)?.includes(last));
  while (!isComplete()) {
    const event = await Promise.race([socket.next('event'), pause(SILENCE_MS)]);
    if (event === null) break;
    const id = String(event.jobId);
    seen.set(id, [...(seen.get(id) ?? []), Number(event.seq)]);
  }
  return seen;
}

/** Compares numbers with 2, 3, … up to the last one, which the job itself says. */
function compare(seen: readonly number[], last: number): Deliveries {
  const right = new Set(seen.filter((seq) => seq >= 2 && seq <= last)).size;
  const misplaced = seen.filter((seq, index) => index > 0 && seq <= seen[index - 1]).length;
  return { sent: last - 1, received: right, misplaced, milliseconds: [] };
}

async function followJobs(user: ClusterUser, count: number) {
  await user.prepare();
  const [socket, device] = [await user.socket(1), await user.device(1)];
  const streams: { id: string; seen: Promise<number[]> }[] = [];
  for (let job = 0; job < count; job += 1) {
    const id = jobOf(await user.createJob(user.at(0)));
    socket.send({ type: 'subscribe', jobId: id, since: 1 });
    await device.ask('join_job_room', id);
    streams.push({ id, seen: user.stream(1, id).then(streamed) });
  }
  const lasts = new Map<string, number>();
  const ends = await Promise.all(streams.map(({ seen }) => seen));
  for (const { id } of streams) lasts.set(id, Number((await user.at(1).get(`/api/jobs/${id}`)).at('seq')));
  const bySocket = await socketEvents(socket, lasts);
  const completed = new Set<string>();
  while (completed.size < count) {
    const progress = await Promise.race([
      device.next('job:progress', ({ status }: { status: string }) => status === 'COMPLETED'),
      pause(SILENCE_MS),
    ]);
    if (progress === null) break;
    completed.add(String((progress as { jobId?: unknown }).jobId));
  }
  user.close();
  const of = (id: string) => lasts.get(id) ?? NaN;
  return {
    stream: total(streams.map(({ id }, index) => compare(ends[index], of(id)))),
    socket: total(streams.map(({ id }) => compare(bySocket.get(id) ?? [], of(id)))),
    device: { sent: count, received: completed.size, misplaced: 0, milliseconds: [] },
  };
}

/** Events of jobs that were created on one api process and run by workers, followed over the other one. */
export async function jobEvents(cluster: Cluster, count: number): Promise<Counted> {
  const each = Math.ceil(count / EVENTS_PER_JOB / USERS);
  const users = await registerUsers(cluster, 'follower');
  const parts = await Promise.all(users.map((user) => followJobs(user, each)));
  return [
    ['job events by event stream', total(parts.map(({ stream }) => stream))],
    ['job events by WebSocket', total(parts.map(({ socket }) => socket))],
    ['ends of jobs by Socket.IO', total(parts.map(({ device }) => device))],
  ];
}
