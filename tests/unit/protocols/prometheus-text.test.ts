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
      { prefix: 'infernode_' },
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

  it('has the parts of a histogram below its name, buckets in ascending order', () => {
    const bucket = (le: string, value: number) => ({ name: 'took_seconds_bucket', labels: { le }, value });
    const text = prometheusText(
      { took_seconds: 'Time' },
      [
        bucket('+Inf', 3),
        { name: 'took_seconds_count', labels: {}, value: 3 },
        bucket('10', 2),
        { name: 'took_seconds_sum', labels: {}, value: 12.5 },
        bucket('0.5', 1),
      ],
      { prefix: '', types: { took_seconds: 'histogram' } },
    );
    expect(text.split('\n').slice(1)).toEqual([
      '# TYPE took_seconds histogram',
      'took_seconds_bucket{le="0.5"} 1',
      'took_seconds_bucket{le="10"} 2',
      'took_seconds_bucket{le="+Inf"} 3',
      'took_seconds_sum 12.5',
      'took_seconds_count 3',
      '',
    ]);
  });
});
