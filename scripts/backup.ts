import { parseArgs } from 'node:util';
import type { Restic } from '../src/backup/restic.js';
import type { Settings } from '../src/config/settings.js';
import { loadSettings } from '../src/config/load.js';
import { AppError, messageOf } from '../src/errors/app-error.js';
import { createPrivateFiles } from '../src/lifecycle/private-files.js';
import { create } from './backup/create.js';
import { list } from './backup/list.js';
import { openRepository } from './backup/open-repository.js';
import { say } from './backup/output.js';
import { restore } from './backup/restore.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    snapshot: { type: 'string' },
    prefix: { type: 'string', default: '' },
    mode: { type: 'string', default: 'preview' },
    verify: { type: 'boolean', default: false },
    'read-data': { type: 'boolean', default: false },
    'keep-daily': { type: 'string', default: '14' },
    'keep-weekly': { type: 'string', default: '8' },
    'keep-monthly': { type: 'string', default: '12' },
  },
});

async function prune(restic: Restic): Promise<number> {
  const [daily, weekly, monthly] = [values['keep-daily'], values['keep-weekly'], values['keep-monthly']].map(
    Number,
  );
  if (daily + weekly + monthly === 0) {
    throw new AppError('BACKUP_FAILED', { message: 'This would remove every snapshot: keep at least one.' });
  }
  say(await restic.prune({ daily, weekly, monthly }));
  return 0;
}

/** What each command does. @returns the exit status */
const COMMANDS: Readonly<Record<string, (restic: Restic, settings: Settings) => Promise<number>>> = {
  init: async (restic) => {
    await restic.init();
    say('The repository is ready. Keep its password elsewhere: nobody can read the backups without it.');
    return 0;
  },
  create,
  list: (restic) => list(restic, { snapshot: values.snapshot ?? null, prefix: values.prefix }),
  restore: (restic, settings) =>
    restore(restic, settings, {
      snapshot: values.snapshot ?? 'latest',
      prefix: values.prefix,
      mode: values.mode === 'inplace' ? 'inplace' : 'preview',
      verify: values.verify,
    }),
  check: async (restic) => {
    say(await restic.check(values['read-data']));
    return 0;
  },
  prune,
};

createPrivateFiles();
try {
  const settings = loadSettings();
  process.exitCode = await COMMANDS[positionals[0]](openRepository(settings), settings);
} catch (error) {
  const code = error instanceof AppError ? ` (${error.code})` : '';
  process.stderr.write(`${messageOf(error)}${code}\n`);
  process.exitCode = 1;
}
