import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/**
 * The arrows of docs/architecture.md: who may import whom. `target` names the
 * importing folder, `from` what it may not reach.
 */
const zone = (target, from, message) => ({
  target: `./src/${target}`,
  from: from.map((f) => `./src/${f}`),
  message,
});
const arrows = [
  zone(
    'domain',
    [
      'config',
      'controllers',
      'dao',
      'networks',
      'servoing',
      'vision',
      'engines',
      'lifecycle',
      'logging',
      'media',
      'middlewares',
      'models',
      'queue',
      'realtime',
      'repositories',
      'routes',
      'schemas',
      'services',
      'storage',
      'tasks',
      'workers',
    ],
    'domain imports nothing but errors',
  ),
  zone(
    'routes',
    [
      'services',
      'repositories',
      'dao',
      'models',
      'queue',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'media',
    ],
    'routes are tables: they reach controllers and middlewares only',
  ),
  zone(
    'controllers',
    [
      'repositories',
      'dao',
      'models',
      'queue',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'media',
    ],
    'controllers translate between HTTP and services',
  ),
  zone(
    'services',
    [
      'routes',
      'controllers',
      'middlewares',
      'dao',
      'models',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'realtime',
      'repositories',
    ],
    'services use ports, tasks/*/task and domain',
  ),
  zone(
    'repositories',
    [
      'routes',
      'controllers',
      'middlewares',
      'services',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'media',
      'tasks',
    ],
    'repositories compose DAOs',
  ),
  zone(
    'dao',
    [
      'routes',
      'controllers',
      'middlewares',
      'services',
      'repositories',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'media',
      'tasks',
    ],
    'a DAO knows one table',
  ),
  zone(
    'models',
    [
      'routes',
      'controllers',
      'middlewares',
      'services',
      'repositories',
      'dao',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'media',
      'tasks',
    ],
    'models are Sequelize definitions',
  ),
  zone(
    'media',
    [
      'config',
      'dao',
      'models',
      'repositories',
      'services',
      'routes',
      'controllers',
      'logging',
      'queue',
      'workers',
      'networks',
      'servoing',
      'vision',
      'engines',
      'tasks',
    ],
    'media is a pure folder: options come in as objects',
  ),
  ...['networks', 'servoing', 'vision'].map((folder) =>
    zone(
      folder,
      [
        'config',
        'dao',
        'models',
        'repositories',
        'services',
        'routes',
        'controllers',
        'queue',
        'workers',
        'tasks',
      ],
      `${folder} knows neither jobs nor SQL`,
    ),
  ),
  zone(
    'tasks',
    ['config', 'dao', 'models', 'repositories', 'services', 'routes', 'controllers', 'queue'],
    'pipelines run in engines: no database, no queue',
  ),
];

/** Third-party engines are spoken to in exactly one folder each. */
const owners = [
  {
    packages: ['sequelize'],
    allowed: [
      'src/models/**',
      'src/dao/**',
      'src/repositories/unit-of-work.ts',
      'src/composition/**',
      'src/queue/**',
    ],
  },
  {
    packages: ['bullmq', 'ioredis'],
    allowed: ['src/queue/**', 'src/workers/runner.ts', 'src/composition/**'],
  },
  { packages: ['sharp', 'yauzl', 'yazl'], allowed: ['src/media/**'] },
  { packages: ['onnxruntime-node'], allowed: ['src/networks/runtime/**'] },
  { packages: ['ws'], allowed: ['src/realtime/**'] },
];
const forbiddenFor = (file) =>
  owners.filter((owner) => !owner.allowed.some((glob) => glob === file)).flatMap((owner) => owner.packages);
const restricted = (names) => [
  'error',
  {
    paths: names.map((name) => ({
      name,
      message: `only its owning folder imports ${name} (see eslint.config.js)`,
    })),
  },
];
const allPackages = owners.flatMap((owner) => owner.packages);

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'node_modules/**',
      'data/**',
      'coverage/**',
      'training/**',
      'reports/**',
      'kernels/**',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['src/**/*.ts', 'tests/**/*.ts', 'scripts/**/*.ts', 'benchmarks/**/*.ts', 'evaluation/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver': { node: { extensions: ['.ts', '.js'] } } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-params': ['error', 4],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name=/^mkdir(Sync)?$/] Property[key.name='recursive']",
          message: 'Node never returns from it on some file systems: use src/storage/folders.ts',
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'src/config is the only reader of process.env' },
      ],
      'no-restricted-imports': restricted(allPackages),
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones: arrows }],
    },
  },
  ...[...new Set(owners.flatMap((owner) => owner.allowed))].map((file) => ({
    files: [file],
    rules: { 'no-restricted-imports': restricted(forbiddenFor(file)) },
  })),
  {
    // ONNX Runtime reads its variable before anything can configure it; a child's variables are picked in one place.
    files: [
      'src/config/**/*.ts',
      'src/networks/runtime/no-telemetry.ts',
      'src/supervision/minimal-environment.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['tests/**/*.ts'],
    rules: { 'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }] },
  },
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: {
      globals: {
        setInterval: 'readonly',
        clearInterval: 'readonly',
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
        fetch: 'readonly',
      },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);
