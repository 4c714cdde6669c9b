import { readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The arrows of docs/architecture.md: what each folder of `src` may import besides itself. Everything else is
 * forbidden, so a new folder may import nothing until it has a row here. Entries are folders or single files of `src`.
 */
const BASE = ['domain', 'errors'];
/** Shared by all kinds of networks. */
const NETWORKS = ['networks/store', 'networks/runtime'];
const FOLDERS_ONLY = 'storage/folders.ts';
const tasks = readdirSync(path.join(import.meta.dirname, '..', 'src', 'tasks'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Folders, from the bottom layer to the top. */
const FOLDERS = {
  errors: [],
  domain: ['errors'],
  telemetry: [],
  config: BASE,
  logging: BASE,
  storage: ['errors', 'domain/metrics.ts', 'domain/servo-recording.ts'],
  supervision: ['errors'],
  // Clusters and locks use folders, created by the one function that is safe on unusual file systems.
  lifecycle: ['domain/api-paths.ts', 'errors', 'logging', 'supervision', FOLDERS_ONLY],

  vision: ['errors'],
  media: [...BASE, 'supervision', 'vision'],
  // Reads the models folder; the meaning of manifests belongs to the task folders.
  'networks/store': BASE,
  'networks/runtime': [...BASE, 'networks/store', 'supervision'],
  // Converts images to graph inputs, for classifiers and detectors.
  'networks/preprocessing': [...BASE, 'networks/runtime'],
  'networks/classification': [...BASE, ...NETWORKS, 'networks/preprocessing', 'vision'],
  'networks/cns': [...BASE, ...NETWORKS, 'vision'],
  'networks/detection': [...BASE, ...NETWORKS, 'networks/preprocessing', 'vision'],
  'networks/inpainting': [...BASE, ...NETWORKS, 'supervision', 'vision'],
  'networks/keypoints': [...BASE, ...NETWORKS, 'vision'],
  // Opens networks of tasks that support synchronous requests.
  'networks/open': [...BASE, ...NETWORKS, 'networks/classification', 'networks/detection'],
  // Describes all kinds of networks in the models folder; installs and removes networks.
  'networks/catalogue': [
    ...BASE,
    'networks/store',
    'networks/preprocessing',
    'networks/classification',
    'networks/detection/detector-manifest.ts',
    FOLDERS_ONLY,
  ],
  // Features are detected on worker threads.
  servoing: [...BASE, 'networks', 'vision', 'media', 'supervision/threads', 'telemetry'],
  tasks: [
    ...BASE,
    'servoing',
    'networks',
    'vision',
    'media',
    'telemetry',
    FOLDERS_ONLY,
    'storage/recording-file.ts',
  ],

  'engines/job-engine': [
    ...BASE,
    'supervision',
    'tasks',
    'networks/runtime/loaded-here.ts',
    'networks/runtime/network-calls.ts',
    'networks/runtime/network-memory.ts',
  ],
  'engines/model-server': [...BASE, 'supervision', 'networks', 'media'],
  'engines/servo-engine': [...BASE, 'supervision', 'servoing', 'networks', 'vision', 'media', 'telemetry'],
  'engines/image-intake': [...BASE, 'supervision', 'media'],
  'engines/frame-reader': [...BASE, 'supervision', 'media'],
  'engines/preview-maker': [...BASE, 'supervision', 'media'],

  // Connections to servers of users: webhooks, and imports from URLs.
  net: BASE,

  // A command of its own: it reads and restores what the others write, and shares the lock of removals.
  backup: [
    ...BASE,
    'lifecycle/postgres-binaries.ts',
    'lifecycle/postgres-cluster.ts',
    'queue/advisory-lock.ts',
    'storage/disk-space.ts',
    FOLDERS_ONLY,
    'supervision/minimal-environment.ts',
  ],

  // The protocol of resumable uploads, by its library.
  tus: [...BASE, 'storage/resumable-store.ts'],

  models: ['domain'],
  dao: ['domain', 'models'],
  repositories: [...BASE, 'dao'],
  queue: [...BASE, 'logging'],
  // The event source uses the connection of the queue; the server's upgrade hook belongs to lifecycle; frames and
  // velocities have a codec of their own.
  realtime: [
    ...BASE,
    'logging',
    'queue/postgres-listener.ts',
    'lifecycle/without-upgrade.ts',
    'protocols/servo-stream',
  ],
  // Only the ports of queue, storage and tasks; adapters are injected by the composition.
  services: [
    ...BASE,
    'logging',
    'net/import-url.ts',
    'net/outbound-url.ts',
    'protocols/standard-webhooks.ts',
    'queue/job-control.ts',
    'queue/job-queue.ts',
    'queue/jobs.ts',
    'storage/blob-store.ts',
    'storage/link-or-copy.ts',
    'storage/checked-content.ts',
    'storage/multipart-store.ts',
    'storage/resumable-store.ts',
    FOLDERS_ONLY,
    'tasks/definition.ts',
    'tasks/index.ts',
    'tasks/registry.ts',
  ],
  // Parameters of a job are part of its request.
  schemas: [
    'domain',
    'tasks/definition.ts',
    'tasks/index.ts',
    ...tasks.map((task) => `tasks/${task}/params.ts`),
  ],
  // Types on the wire are those of the schema.
  protocols: [...BASE, 'schemas', 'supervision/threads'],
  middlewares: [...BASE, 'lifecycle', 'logging', 'schemas'],
  // Handlers are typed by the middlewares; long responses yield to others; the event stream is injected; the inpainting
  // routes are specific to one task.
  controllers: [
    ...BASE,
    'lifecycle/loop-turns.ts',
    'middlewares',
    'protocols',
    'realtime/job-streams.ts',
    'realtime/job-waiters.ts',
    'realtime/servo-watchers.ts',
    'schemas',
    'services',
    'tasks/inpainting/task.ts',
    'storage/resumable-store.ts',
    'tus/tus-protocol.ts',
    'tus/tus-uploads.ts',
  ],
  routes: ['controllers', 'domain/api-paths.ts', 'middlewares', 'schemas'],
  workers: [
    ...BASE,
    'engines/job-engine',
    'engines/preview-maker',
    'lifecycle',
    'logging',
    'queue',
    'services',
    'storage',
    'tasks/definition.ts',
  ],
  composition: [''],
};

/** Files with rules other than those of their folder. */
const FILES = {
  // Definitions are used by the api: pipelines, which load FFmpeg or ONNX Runtime, are only loaded by engines.
  'tasks/*/{task,plan,params}.ts': [...BASE, 'tasks'],
  'tasks/definition.ts': [...BASE, 'tasks'],
  // Opens the transaction shared by rows and queue messages.
  'repositories/unit-of-work.ts': [...BASE, 'dao', 'models', 'queue/job-queue.ts', 'repositories'],
  'app.ts': ['domain/api-paths.ts', 'logging', 'middlewares', 'routes'],
  // Entry points assemble a process.
  'workers/main.ts': [...BASE, 'composition', 'config', 'lifecycle', 'logging', 'supervision', 'workers'],
  'server.ts': [...BASE, 'composition', 'config', 'lifecycle', 'logging', 'supervision'],
  'stack.ts': [
    'composition',
    'config',
    'errors',
    'lifecycle',
    'migrator.ts',
    'server.ts',
    'supervision',
    'workers/main.ts',
  ],
  'migrator.ts': ['composition', 'config', 'errors', 'supervision'],
};

const OUTSIDE = {
  target: './src',
  from: ['./tests', './scripts', './benchmarks', './training', './kernels'],
  message: 'The product must not import its scripts, tests, benchmarks or evaluation.',
};

/** Configuration of one row: its files, and a ban on everything outside its list. */
const row = (files, who, allowed) => ({
  files: [`src/${files}`],
  rules: {
    'import-x/no-restricted-paths': [
      'error',
      {
        basePath: path.join(import.meta.dirname, '..'),
        zones: [
          {
            target: './src',
            from: './src',
            except: allowed.map((entry) => `./${entry}`),
            message: `eslint/arrows.js does not allow this import from ${who}.`,
          },
          OUTSIDE,
        ],
      },
    ],
  },
});

/** Configurations, most general first: the last one that matches a file applies. */
export const arrows = [
  row('**/*.ts', 'a folder without a row', []),
  ...Object.entries(FOLDERS).map(([folder, allowed]) =>
    row(`${folder}/**/*.ts`, folder, [...allowed, folder]),
  ),
  ...Object.entries(FILES).map(([file, allowed]) => row(file, file, allowed)),
];
