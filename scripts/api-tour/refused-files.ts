import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { creditsOf, type Made, type TourSetting } from './compatibility-routes.js';
import type { Tour } from './tour.js';

const INTRODUCTION = `Three files that are not videos, with the extension of one. Each upload is refused with one error that states the reason;
nothing is stored and the balance does not change.`;

const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXTINF:10,
file:///etc/passwd
#EXT-X-ENDLIST
`;

/** A file and its expected error. */
interface Refused {
  readonly name: string;
  readonly content: string | Buffer;
  readonly status: number;
  readonly code: string;
}

function refusedFiles(clip: Buffer): readonly Refused[] {
  return [
    { name: 'playlist.mp4', content: PLAYLIST, status: 415, code: 'UNSUPPORTED_TYPE' },
    { name: 'text.mp4', content: 'This is not a video.\n', status: 415, code: 'UNSUPPORTED_TYPE' },
    {
      name: 'cut-off.mp4',
      content: clip.subarray(0, Math.floor(clip.length / 2)),
      ...{ status: 422, code: 'VIDEO_CORRUPT' },
    },
  ];
}

/** Shows that files that are not videos are rejected and not charged. */
export async function showRefusedFiles(tour: Tour, made: Made, { clip }: TourSetting): Promise<void> {
  const { user: bearer, datasetId } = made;
  tour.section('Refused files', INTRODUCTION);
  const balance = { method: 'GET', path: '/api/user/credits', bearer } as const;
  const before = await tour.call({ title: 'The balance before', ...balance, expect: 200 });
  for (const { name, content, status: expect, code } of refusedFiles(await readFile(clip))) {
    const file = path.join(path.dirname(clip), name);
    await writeFile(file, content);
    await tour.call({
      title: `Upload of ${name}`,
      ...{ method: 'POST', path: `/api/dataset/${datasetId}/videos`, bearer, expect, code },
      form: { content: file, name: 'Refused', type: 'video' },
    });
  }
  const after = await tour.call({ title: 'The balance after', ...balance, expect: 200 });
  tour.require(creditsOf(before.json) === creditsOf(after.json), 'refused files cost nothing');
  const { json } = await tour.quietly({ method: 'GET', path: `/api/dataset/${datasetId}`, bearer });
  const { dataset } = json as { dataset: { videos: readonly unknown[] } };
  tour.require(dataset.videos.length === 1, 'the dataset still contains one video');
}
