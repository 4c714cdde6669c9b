/** A control event as devices send it. */
export interface ControlEvent {
  readonly event: string;
  readonly key?: string;
  readonly value?: number;
}

/** Control of each key, by the name that Node.js gives the key. */
const KEYS: Readonly<Record<string, string>> = {
  right: 'next',
  left: 'previous',
  up: 'like',
  down: 'dislike',
  space: 'pause',
  k: 'pause',
  p: 'play',
  l: 'forward',
  j: 'backward',
  d: 'playback_faster',
  a: 'playback_slower',
  w: 'brighter',
  s: 'darker',
  e: 'repeat',
  x: 'shuffle',
  c: 'credit',
  v: 'web',
  t: 'capture',
  r: 'report',
  f1: 'help',
  f2: 'status',
};

/** The event of a key press; null for a key without a control. */
export function eventOfKey(name: string): ControlEvent | null {
  if (/^[1-9]$/.test(name)) return { event: `set_speed_${name}`, key: name };
  return Object.hasOwn(KEYS, name) ? { event: KEYS[name], key: name } : null;
}

/** The event of a line such as `next` or `seek 12.5`; null for an empty line. */
export function eventOfLine(line: string): ControlEvent | null {
  const [event, value] = line.trim().split(/\s+/);
  if (event === '') return null;
  return value === undefined ? { event } : { event, value: Number(value) };
}

/** The controls by key, for the help text. */
export const keyHelp = (): string =>
  [...Object.entries(KEYS).map(([key, event]) => `${key} ${event}`), '1-9 speed', 'q quit'].join(', ');
