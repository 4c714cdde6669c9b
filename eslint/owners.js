/** Libraries that may only be imported in one place each. Paths are relative to `src`. */
export const OWNERS = {
  sequelize: ['models/**', 'dao/**', 'repositories/unit-of-work.ts', 'queue/**', 'composition/**'],
  // The schema check reads the version from a file of the package without loading the rest.
  bullmq: ['queue/**', 'workers/runner.ts', 'composition/require-schema.ts'],
  '@bull-board': ['queue/**'],
  'socket.io': ['realtime/remote-control/**'],
  'socket.io-adapter': ['realtime/remote-control/**'],
  'engine.io': ['realtime/remote-control/**'],
  '@socket.io': ['composition/*socket-adapter.ts'],
  ioredis: ['queue/**', 'composition/wait-for-redis.ts'],
  pg: ['queue/**', 'realtime/postgres-event-source.ts', 'composition/**', 'backup/**'],
  'ipaddr.js': ['net/**'],
  'openid-client': ['net/**'],
  sharp: ['media/**'],
  yauzl: ['media/**'],
  yazl: ['media/**'],
  'onnxruntime-node': ['networks/runtime/**'],
  '@techstark/opencv-js': ['vision/inpainting/opencv/**'],
  ws: ['realtime/**'],
  winston: ['logging/**'],
  multer: ['middlewares/**'],
  'rate-limiter-flexible': ['dao/**', 'queue/redis-rate-counts.ts'],
  'd3-scale': ['tasks/cns/report/**'],
  'd3-shape': ['tasks/cns/report/**'],
  jose: ['services/token*.ts'],
  bcrypt: ['services/auth-password.ts'],
  // Child processes are run by supervision; the other entries are being migrated, or run PostgreSQL's own programs.
  'node:child_process': [
    'supervision/**',
    'lifecycle/**',
    'backup/program.ts',
    'media/ffmpeg-runner.ts',
    'engines/**',
    'networks/runtime/device-probe/**',
    'networks/inpainting/isolated-network/**',
  ],
  'node:worker_threads': [
    'supervision/threads/**',
    'servoing/features/feature-pipeline-thread.ts',
    'composition/**',
    'networks/runtime/device-probe/**',
  ],
};

const escaped = (name) => name.replaceAll(/[/.]/g, String.raw`\$&`);
const messageOf = (name) => `Only its owner imports ${name} (eslint/owners.js).`;

/** `import()`, `require()` and `createRequire()()`, which `no-restricted-imports` does not detect. */
const selectorsOf = (name) => {
  const module = `/^${escaped(name)}(\\u002F|$)/`;
  return [
    `ImportExpression[source.value=${module}]`,
    `CallExpression[callee.name='require'][arguments.0.value=${module}]`,
    `CallExpression[callee.callee.name='createRequire'][arguments.0.value=${module}]`,
  ].map((selector) => ({ selector, message: messageOf(name) }));
};

const forbidding = (names) => ({
  'no-restricted-imports': [
    'error',
    {
      paths: ['node:process', 'process'].map((name) => ({
        name,
        importNames: ['env', 'default'],
        message: 'src/config is the only reader of process.env.',
      })),
      // Including subpaths of a package.
      patterns: names.map((name) => ({ regex: `^${escaped(name)}(/|$)`, message: messageOf(name) })),
    },
  ],
  'no-restricted-syntax': [
    'error',
    {
      selector: "CallExpression[callee.name=/^mkdir(Sync)?$/] Property[key.name='recursive']",
      message: 'Node never returns from it on some file systems: use src/storage/folders.ts',
    },
    {
      selector:
        ":matches(PropertyDefinition, MethodDefinition[kind!='constructor'], TSParameterProperty)[accessibility='private']",
      message: 'Private members are written with #.',
    },
    ...names.flatMap(selectorsOf),
  ],
});

const lies = (place, within) =>
  place === within || (within.endsWith('/**') && place.startsWith(within.slice(0, -'**'.length)));
const names = Object.keys(OWNERS);
const places = [...new Set(Object.values(OWNERS).flat())].sort((a, b) => a.length - b.length);

/** Configurations, most general first: the last one that matches a file applies. */
export const owners = [
  { files: ['src/**/*.ts'], rules: forbidding(names) },
  ...places.map((place) => ({
    files: [`src/${place}`],
    rules: forbidding(names.filter((name) => !OWNERS[name].some((owned) => lies(place, owned)))),
  })),
];
