import js from '@eslint/js';
import importX, { createNodeResolver } from 'eslint-plugin-import-x';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';
import { arrows } from './eslint/arrows.js';
import { noImportCycles } from './eslint/no-import-cycles.js';
import { owners } from './eslint/owners.js';

/** Strict type checks for the product; tests pass invalid values on purpose. */
const strict = tseslint.configs.strictTypeChecked.map((config) => ({
  ...config,
  files: ['src/**/*.ts', 'scripts/**/*.ts', 'benchmarks/**/*.ts', 'clients/**/*.ts'],
  ...(config.rules && {
    rules: {
      ...config.rules,
      // Numbers in template strings are unambiguous.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => list.push(x)` is the usual callback style here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // A method that implements an asynchronous interface need not await anything.
      '@typescript-eslint/require-await': 'off',
      // Array elements and data from the network may be missing although their types do not say so.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-useless-default-assignment': 'off',
      // Ports are passed on in parts, as functions that do not use `this`.
      '@typescript-eslint/unbound-method': 'off',
      // Values from drivers and clients are converted to text whatever they are.
      '@typescript-eslint/no-base-to-string': 'off',
      // The reason of an abort signal may be any value.
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      // Declarations of Node's own classes.
      '@typescript-eslint/no-extraneous-class': 'off',
      // The code has no enums, and this check takes a fifth of the time.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      // False positives for instances of Node's and winston's classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // An operation without parameters has an empty type.
      '@typescript-eslint/no-generated-empty-object-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // `void (await x)` marks a promise whose value is not used.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
    },
  }),
}));

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
  ...strict,
  {
    files: ['{src,tests,scripts,benchmarks,evaluation,clients}/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX, local: { rules: { 'no-import-cycles': noImportCycles } } },
    // Imports use compiled names: `./x.js` is `x.ts`.
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensionAlias: { '.js': ['.ts', '.js'] } })],
    },
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
    files: ['src/**/*.ts', 'scripts/**/*.ts', 'benchmarks/**/*.ts', 'clients/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'max-params': ['error', 3],
    },
  },
  {
    // Functions of pixels and rows are called millions of times: an options object would be allocated for each call.
    files: [
      'src/vision/**/*.ts',
      'src/tasks/drawing/**/*.ts',
      'src/media/{mask-copy,mask-reading}.ts',
      'src/networks/keypoints/keypoint-maps.ts',
      'scripts/render/**/*.ts',
    ],
    rules: { 'max-params': ['error', 4] },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', 300],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'src/config is the only reader of process.env' },
      ],
      'local/no-import-cycles': 'error',
    },
  },
  ...arrows,
  ...owners,
  {
    // ONNX Runtime reads its variable before anything can configure it; variables of child processes are selected in
    // one place.
    files: [
      'src/config/**/*.ts',
      'src/networks/runtime/no-telemetry.ts',
      'src/supervision/minimal-environment.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@jest/globals',
              message:
                'It exists in the sandbox of Jest only: use the globals describe, it, expect and jest.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', { name: 'test', message: 'Tests are written as describe and it.' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "Program > ExpressionStatement > CallExpression[callee.name='it']",
          message: 'A test is in a describe.',
        },
      ],
    },
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
