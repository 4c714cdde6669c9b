import { eventOfKey, eventOfLine, keyHelp } from '../../../scripts/remote/controls.js';
import { readMessage } from '../../../src/realtime/remote-control/messages.js';

describe('npm run remote', () => {
  it('sends a valid control for every key of its help', () => {
    const keys = keyHelp()
      .split(', ')
      .map((entry) => entry.split(' ')[0])
      .filter((key) => !['q', '1-9'].includes(key));
    expect(keys.length).toBeGreaterThan(15);
    for (const key of [...keys, '1', '9'])
      expect(readMessage('new_remote_control_event', eventOfKey(key))).toHaveProperty('message');
    expect(['q', '0', '__proto__', ''].map(eventOfKey)).toEqual([null, null, null, null]);
  });

  it('reads an event with its value from a line', () => {
    expect(eventOfLine(' seek  12.5 ')).toEqual({ event: 'seek', value: 12.5 });
    expect(eventOfLine('next')).toEqual({ event: 'next' });
    expect(eventOfLine(' ')).toBeNull();
  });
});
