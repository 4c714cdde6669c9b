/**
 * `npm run api:tour -- [--url http://127.0.0.1:3000] [--out FILE] [--part api|platform]`: calls every compatibility route on
 * a running, fresh server with curl and its example bodies, or what surrounds the media with `--part platform`, and writes
 * the transcript. ADMIN_EMAIL and ADMIN_PASSWORD are those of the
 * server's admin. Exits with 1 when a status or a documented field differs.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { showRefusedFiles } from './api-tour/refused-files.js';
import { walkPlatform } from './api-tour/platform.js';
import { deleteDataset, walkCompatibilityRoutes, type TourSetting } from './api-tour/compatibility-routes.js';
import { showOtherUser } from './api-tour/other-user.js';
import { Tour } from './api-tour/tour.js';
import { makeLongClip } from './render/long-clip.js';

const headingOf = (name: string, command: string): string => `# Transcript of ${name}

Written by \`${command}\`, which calls a running server with curl and checks every response; nothing is edited by hand. Tokens,
signatures and the admin's password are removed, lists of more than seven items are shown with the number of omitted items.

\`\`\`sh
URL=http://127.0.0.1:3000            # where npm start serves
TOKEN=…                              # from POST /api/auth/login
\`\`\``;

/** 1500 frames, as in the example; more than the 500 that its job processes. */
const CLIP = { seconds: 50, width: 320, height: 240, fps: 30, seed: 7 };

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    out: { type: 'string' },
    part: { type: 'string', default: 'api' },
    'admin-email': { type: 'string', default: process.env.ADMIN_EMAIL },
  },
});

/** Transcripts by the name of their part. */
const PARTS = {
  api: {
    name: 'the API',
    command: 'npm run api:tour',
    walk: async (tour: Tour, setting: TourSetting): Promise<void> => {
      const made = await walkCompatibilityRoutes(tour, setting);
      await showOtherUser(tour, made, setting);
      await showRefusedFiles(tour, made, setting);
      await deleteDataset(tour, made);
    },
  },
  platform: {
    name: 'the platform',
    command: 'npm run api:tour -- --part platform',
    walk: (tour: Tour, setting: TourSetting): Promise<void> => {
      const configuredKey = process.env.CONFIGURED_KEY;
      if (!configuredKey) throw new Error('set CONFIGURED_KEY to a key of API_KEYS of the server');
      return walkPlatform(tour, { ...setting, configuredKey });
    },
  },
} as const;

async function main(): Promise<number> {
  const email = options['admin-email'];
  const password = process.env.ADMIN_PASSWORD;
  if (!email || !password) throw new Error('set ADMIN_EMAIL and ADMIN_PASSWORD to those of the server');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-tour-'));
  const clip = path.join(folder, 'clip.mp4');
  const tour = new Tour(options.url, [password], (line) => void process.stderr.write(`${line}\n`));
  try {
    await makeLongClip({ ...CLIP, out: clip, piece: path.join(folder, 'piece.mp4') });
    const setting = { url: options.url, admin: { email, password }, clip };
    await PARTS[options.part === 'platform' ? 'platform' : 'api'].walk(tour, setting);
  } finally {
    const { name, command } = PARTS[options.part === 'platform' ? 'platform' : 'api'];
    const text = `${headingOf(name, command)}\n\n${tour.markdown()}`;
    if (options.out) await writeFile(options.out, text);
    else process.stdout.write(text);
    await rm(folder, { recursive: true, force: true });
  }
  const { failures } = tour;
  process.stderr.write(
    failures.length === 0 ? 'All as expected.\n' : `${failures.length} not as expected.\n`,
  );
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`The tour failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
