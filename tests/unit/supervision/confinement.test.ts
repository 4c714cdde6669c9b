import {
  confinementPrefix,
  DECODE_LIMITS,
  detectConfinementTools,
  NO_CONFINEMENT,
  PROBE_LIMITS,
} from '../../../src/supervision/confinement.js';

describe('confinement', () => {
  it('puts the death signal first and all four limits behind it', () => {
    const prefix = confinementPrefix(PROBE_LIMITS, { setpriv: true, prlimit: true }).join(' ');
    expect(prefix).toBe(
      'setpriv --pdeathsig KILL -- prlimit --as=2000000000 --cpu=20 --fsize=0 --nofile=64 --',
    );
  });

  it('uses what there is', () => {
    expect(confinementPrefix(DECODE_LIMITS, NO_CONFINEMENT)).toEqual([]);
    expect(confinementPrefix(PROBE_LIMITS, { setpriv: false, prlimit: true })[0]).toBe('prlimit');
    expect(confinementPrefix(PROBE_LIMITS, { setpriv: true, prlimit: false })).toEqual([
      'setpriv',
      '--pdeathsig',
      'KILL',
      '--',
    ]);
  });

  it('finds nothing on a system without util-linux, and always the same', () => {
    const tools = detectConfinementTools();
    if (process.platform !== 'linux') expect(tools).toEqual(NO_CONFINEMENT);
    expect(detectConfinementTools()).toBe(tools);
  });
});
