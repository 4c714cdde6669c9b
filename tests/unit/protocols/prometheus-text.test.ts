import { prometheusText } from '../../../src/protocols/prometheus-text.js';

describe('the text format of Prometheus', () => {
  it('has help, type and samples of each gauge, with escaped labels', () => {
    const text = prometheusText(
      { queue_waiting: 'Entries that wait', open: 'Open \\ things' },
      [
        { name: 'queue_waiting', labels: { queue: 'jobs', task: 'c"n\\s\n' }, value: 3 },
        { name: 'open', labels: {}, value: 0.5 },
        { name: 'queue_waiting', labels: { queue: 'webhooks' }, value: 0 },
      ],
      'infernode_',
    );
    expect(text.split('\n')).toEqual([
      '# HELP infernode_queue_waiting Entries that wait',
      '# TYPE infernode_queue_waiting gauge',
      'infernode_queue_waiting{queue="jobs",task="c\\"n\\\\s\\n"} 3',
      'infernode_queue_waiting{queue="webhooks"} 0',
      '# HELP infernode_open Open \\\\ things',
      '# TYPE infernode_open gauge',
      'infernode_open 0.5',
      '',
    ]);
  });
});
