import { engineEnvironment } from '../../../src/composition/engine-environment.js';
import { smallHeapEnvironment } from '../../../src/config/engine-environment.js';
import { parseCancel } from '../../../src/queue/job-control.js';
import { queueMessageId, queueMessageIdsOf, queueNameOf } from '../../../src/queue/jobs.js';

const JOB = '01890a5d-ac96-774b-bcce-b302099a8057';

describe('jobs', () => {
  it('every queue message id that a start may leave behind is one that is looked for, and BullMQ accepts it', () => {
    const ids = queueMessageIdsOf(JOB);

    // MAX_ATTEMPTS is 3: queue messages follow start 0, 1 and 2; after the third there is no other.
    expect(ids).toEqual([queueMessageId(JOB, 0), queueMessageId(JOB, 1), queueMessageId(JOB, 2)]);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).not.toMatch(/:|^\d+$/);
  });

  it('installations with different prefixes do not share a queue', () => {
    expect(queueNameOf('inference.run', '')).toBe('inference');
    expect(queueNameOf('inference.run', 'blue')).not.toBe(queueNameOf('inference.run', 'green'));
  });

  it.each(['', 'x', '{}', '{"type":"cancel","jobId":"1; drop"}', '[]', 'null'])(
    'a control message %j cancels nothing',
    (payload) => {
      expect(parseCancel(payload)).toBeUndefined();
    },
  );

  it('a cancel names its job', () => {
    expect(parseCancel(JSON.stringify({ type: 'cancel', jobId: JOB }))).toBe(JOB);
  });

  it('engines get neither database nor secrets, but what GPUs and loaders need', () => {
    const harmless = {
      PATH: '/bin',
      LD_LIBRARY_PATH: '/cuda',
      CUDA_VISIBLE_DEVICES: '0',
      VK_ICD_FILENAMES: '/x',
    };
    const withheld = {
      DATABASE_URL: 'postgres://u:p@h/d',
      DB_PASSWORD: 'p',
      POSTGRES_PASSWORD: 'p',
      PGPASSWORD: 'p',
      REDIS_HOST: 'h',
      JWT_PRIVATE_KEY_PATH: '/keys/private.key',
      ADMIN_PASSWORD: 'p',
      AWS_SECRET_ACCESS_KEY: 's',
      GITHUB_TOKEN: 't',
      SMTP_PASS: 'p',
      CUDA_TOKEN: 't',
    };

    expect(engineEnvironment({ ...harmless, ...withheld })).toEqual(harmless);
  });

  it('engines allocate memory as the user chose, not with the small heap of the processes that start them', () => {
    const chosen = { GLIBC_TUNABLES: 'glibc.malloc.arena_max=2' };

    expect(smallHeapEnvironment({ PATH: '/bin' })).toEqual({
      GLIBC_TUNABLES: expect.stringContaining('arena_max=1'),
    });
    expect(engineEnvironment({ PATH: '/bin', ...smallHeapEnvironment({}) })).toEqual({ PATH: '/bin' });
    expect(smallHeapEnvironment(chosen)).toEqual({});
    expect(smallHeapEnvironment({ MALLOC_ARENA_MAX: '4' })).toEqual({});
    expect(engineEnvironment(chosen)).toMatchObject(chosen);
  });
});
