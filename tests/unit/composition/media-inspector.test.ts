import { createMediaInspector } from '../../../src/composition/media-inspector.js';
import { parseSettings } from '../../../src/config/settings.js';
import { withLogContext } from '../../../src/logging/log-context.js';
import type { ImageIntake, ImportedImage } from '../../../src/media/image-intake.js';

const TAKEN: ImportedImage = { width: 1, height: 1, bytes: 1, sha256: '', hole: null, warnings: [] };

describe('media inspector', () => {
  it('lets accounts take turns with their images, however many one of them sends', async () => {
    const begun: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const take = async ({ path }: ImageIntake): Promise<ImportedImage> => {
      begun.push(path);
      await released;
      return TAKEN;
    };
    const inspector = createMediaInspector({
      tools: { ffmpegPath: '', ffprobePath: '', version: '' },
      limits: parseSettings({}).upload,
      images: { take },
      requireSpace: () => Promise.resolve(),
    });
    const send = (userId: string, file: string) =>
      withLogContext({ userId }, () => inspector.importImage(file, { role: 'source' }));
    const all = [
      send('busy', 'a1'),
      send('busy', 'a2'),
      send('busy', 'a3'),
      send('busy', 'a4'),
      send('quiet', 'b1'),
    ];
    release();
    await Promise.all(all);
    // One is under way when the other account comes, which has had no turn yet.
    expect(begun).toEqual(['a1', 'b1', 'a2', 'a3', 'a4']);
  });
});
