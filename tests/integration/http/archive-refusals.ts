import { plainImage } from '../../factories/images/plain-image.js';
import { manifestOf, sha256, type Manifest } from '../../support/dataset-archives.js';

/** A change of an archive, the code with which it is refused, and what the message says. */
export type ArchiveRefusal = readonly [
  what: string,
  code: string,
  told: string,
  change: () => Promise<Record<string, Buffer>>,
];

/** Archives that differ from a valid one in one rule. @param files of the valid archive, when the test runs */
export function archiveRefusals(files: () => ReadonlyMap<string, Buffer>): readonly ArchiveRefusal[] {
  const edited = (edit: (manifest: Manifest) => void) => async () => {
    const manifest = manifestOf(files());
    edit(manifest);
    return { ...Object.fromEntries(files()), 'manifest.json': Buffer.from(JSON.stringify(manifest)) };
  };
  const withManifest = (text: string) => async () => ({
    ...Object.fromEntries(files()),
    'manifest.json': Buffer.from(text),
  });
  const withFile = (name: string, content: Buffer | null) => async () => {
    const changed = new Map(files());
    if (content === null) changed.delete(name);
    else changed.set(name, content);
    return Object.fromEntries(changed);
  };
  const rehashed = (name: string, content: Buffer) => async () => {
    const manifest = manifestOf(files());
    for (const { source, mask } of manifest.items)
      for (const file of mask ? [source, mask] : [source])
        if (file.path === name) Object.assign(file, { bytes: content.length, sha256: sha256(content) });
    const changed = new Map(files()).set(name, content);
    return {
      ...Object.fromEntries(changed),
      'manifest.json': Buffer.from(JSON.stringify(manifest)),
    };
  };

  return [
    ['no manifest', 'ARCHIVE_MANIFEST_INVALID', 'manifest.json', withFile('manifest.json', null)],
    ['a manifest that is no JSON', 'ARCHIVE_MANIFEST_INVALID', 'not valid JSON', withManifest('{"format":')],
    ['a manifest of another program', 'ARCHIVE_MANIFEST_INVALID', 'format', withManifest('{"version":1}')],
    ['a deep manifest', 'ARCHIVE_MANIFEST_INVALID', '8 levels', withManifest('['.repeat(9))],
    [
      'a manifest of too many items',
      'ARCHIVE_MANIFEST_INVALID',
      '10000 entries',
      withManifest(`{"items":[${'0,'.repeat(10_000)}0]}`),
    ],
    ['a later version', 'ARCHIVE_VERSION_UNSUPPORTED', '2', edited((manifest) => (manifest.version = 2))],
    ['no items', 'ARCHIVE_MANIFEST_INVALID', 'items', edited((manifest) => (manifest.items = []))],
    [
      'a long name',
      'ARCHIVE_MANIFEST_INVALID',
      'dataset.name',
      edited(({ dataset }) => (dataset.name = 'n'.repeat(201))),
    ],
    [
      'a name that turns its line around',
      'ARCHIVE_MANIFEST_INVALID',
      'items.0.source.name',
      edited(({ items }) => (items[0].source.name = 'a\u202Ebc')),
    ],
    [
      'an upload out of order',
      'ARCHIVE_MANIFEST_INVALID',
      'items.1.upload',
      edited(({ items }) => (items[1].upload = 9_999)),
    ],
    ['a missing file', 'ARCHIVE_FILE_MISMATCH', 'media/video_2.mp4', withFile('media/video_2.mp4', null)],
    [
      'an unlisted file',
      'ARCHIVE_FILE_MISMATCH',
      'media/extra.png',
      withFile('media/extra.png', Buffer.from('x')),
    ],
    [
      'a file that is listed twice',
      'ARCHIVE_FILE_MISMATCH',
      'more than once',
      edited(({ items }) => items.push({ ...items[0], upload: 6 })),
    ],
    [
      'a file of another size',
      'ARCHIVE_FILE_MISMATCH',
      'media/image_1.png',
      edited(({ items }) => (items[0].source.bytes += 1)),
    ],
    [
      'a changed file',
      'ARCHIVE_FILE_MISMATCH',
      'SHA-256',
      edited(({ items }) => (items[0].source.sha256 = 'ab'.repeat(32))),
    ],
    [
      'a file of another kind',
      'ARCHIVE_FILE_MISMATCH',
      'video',
      edited(({ items }) => (items[0].source.kind = 'video')),
    ],
    [
      'a file that is neither image nor video',
      'UNSUPPORTED_TYPE',
      'media/image_1.png',
      rehashed('media/image_1.png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')),
    ],
    [
      'an empty mask',
      'MASK_EMPTY',
      'media/mask_3.png',
      async () => rehashed('media/mask_3.png', await plainImage([0, 0, 0]))(),
    ],
  ];
}
