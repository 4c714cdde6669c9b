import { normalPrefix, select, type Manifest } from '../../../src/backup/manifest.js';

const MANIFEST: Manifest = {
  format: 1,
  version: '1.0.0',
  createdAt: '2026-01-31T06:00:00.000Z',
  database: { kind: 'cluster', majorVersion: 18, name: 'InferNode' },
  parts: [
    { name: 'database', path: '/data/backup/infernode-snapshot/database' },
    { name: 'keys/private.key', path: '/etc/infernode/private.key' },
    { name: 'keys/public.key', path: '/etc/infernode/public.key' },
    { name: 'media', path: '/disk/media' },
  ],
  ledgerRows: 0,
  externalMedia: null,
};

const selected = (prefix: string) => select(MANIFEST, normalPrefix(prefix)).map(({ part }) => part);

describe('a prefix', () => {
  it('selects everything when it is empty, the database last', () => {
    for (const everything of ['', '/', './'])
      expect(selected(everything)).toEqual(['media', 'keys/private.key', 'keys/public.key', 'database']);
  });

  it('selects a folder of parts, a part, and a file or folder of one', () => {
    expect(selected('keys/')).toEqual(['keys/private.key', 'keys/public.key']);
    expect(selected('media')).toEqual(['media']);
    expect(select(MANIFEST, normalPrefix('/media//3f/a.b'))).toEqual([
      { part: 'media', source: '/disk/media/3f/a.b', below: '3f/a.b' },
    ]);
  });

  it.each(['med', 'mediab/3f', 'models', 'keys/private', 'server.lock'])(
    'finds nothing at "%s"',
    (prefix) => {
      expect(() => selected(prefix)).toThrow('has nothing at');
    },
  );

  it.each(['..', 'media/../../etc/passwd', 'media/a\0b'])('does not leave the snapshot by %j', (prefix) => {
    expect(() => selected(prefix)).toThrow('outside the snapshot');
  });

  it('says where media are that the snapshot does not contain', () => {
    const parts = MANIFEST.parts.filter(({ name }) => name !== 'media');
    expect(() => select({ ...MANIFEST, parts, externalMedia: 's3://bucket/' }, 'media/3f')).toThrow(
      's3://bucket/',
    );
  });
});
