import { readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * The arrows of docs/architecture.md: what each folder of `src` may import besides itself. Everything else is
 * forbidden, so a new folder may import nothing until it has a row here. Entries are folders or single files of `src`.
 */
const BASE = ['domain', 'errors'];
/** What every kind of network is made of. */
const NETWORKS = ['networks/store', 'networks/runtime'];
const FOLDERS_ONLY = 'storage/folders.ts';
const tasks = readdirSync(path.join(import.meta.dirname, '..', 'src', 'tasks'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Rows, from the bottom to the top. */
const FOLDERS = {
  errors: [],
  domain: ['errors'],
  telemetry: [],
  config: BASE,
  logging: BASE,
  storage: ['errors'],
  supervision: ['errors'],
  // Clusters and locks lie in folders, which are made by the one function that is safe on odd file systems.
  lifecycle: ['domain/api-paths.ts', 'errors', 'logging', 'supervision', FOLDERS_ONLY],

  vision: ['errors'],
  media: [...BASE, 'supervision', 'vision'],
  // Reads the models folder; what its manifests mean is for the folders of the tasks.
  'networks/store': BASE,
  'networks/runtime': [...BASE, 'networks/store', 'supervision'],
  // Images as inputs of graphs, for classifiers and detectors.
  'networks/preprocessing': [...BASE, 'networks/runtime'],
  'networks/classification': [...BASE, ...NETWORKS, 'networks/preprocessing', 'vision'],
  'networks/cns': [...BASE, ...NETWORKS, 'vision'],
  'networks/detection': [...BASE, ...NETWORKS, 'networks/preprocessing', 'vision'],
  'networks/inpainting': [...BASE, ...NETWORKS, 'supervision', 'vision'],
  'networks/keypoints': [...BASE, ...NETWORKS, 'vision'],
  // Opens networks of the tasks that take requests.
  'networks/open': [...BASE, ...NETWORKS, 'networks/classification', 'networks/detection'],
  // Describes every kind of network in the models folder, installs and removes networks.
  'networks/catalogue': [
    ...BASE,
    'networks/store',
    'networks/preprocessing',
    'networks/classification',
    'networks/detection/detector-manifest.ts',
    FOLDERS_ONLY,
  ],
  // Features are found on threads.
  servoing: [...BASE, 'networks', 'vision', 'media', 'supervision/threads', 'telemetry'],
  tasks: [...BASE, 'servoing', 'networks', 'vision', 'media', 'telemetry', FOLDERS_ONLY],

  'engines/job-engine': [...BASE, 'supervision', 'tasks'],
  'engines/model-server': [...BASE, 'supervision', 'networks', 'media'],
  'engines/servo-engine': [...BASE, 'supervision', 'servoing', 'vision', 'media', 'telemetry'],
  'engines/image-intake': [...BASE, 'supervision', 'media'],
  'engines/frame-reader': [...BASE, 'supervision', 'media'],

  models: ['domain'],
  dao: ['domain', 'models'],
  repositories: [...BASE, 'dao'],
  queue: [...BASE, 'logging'],
  // The source of events listens on the connection of the queue; the server's upgrade hook belongs to lifecycle.
  realtime: [...BASE, 'logging', 'queue/postgres-listener.ts', 'lifecycle/without-upgrade.ts'],
  // Of queue, storage and tasks only the ports; adapters are handed in by the composition.
  services: [
    ...BASE,
    'logging',
    'queue/job-control.ts',
    'queue/job-queue.ts',
    'queue/jobs.ts',
    'storage/blob-store.ts',
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
  protocols: [...BASE, 'schemas'],
  middlewares: [...BASE, 'lifecycle', 'logging', 'schemas'],
  // A handler is a type of the middlewares; long answers give way to others; the event stream is handed in;
  // the routes of inpainting are about one task.
  controllers: [
    ...BASE,
    'lifecycle/loop-turns.ts',
    'middlewares',
    'protocols',
    'realtime/event-stream.ts',
    'schemas',
    'services',
    'tasks/inpainting/task.ts',
  ],
  routes: ['controllers', 'domain/api-paths.ts', 'middlewares', 'schemas'],
  workers: [
    ...BASE,
    'engines/job-engine',
    'lifecycle',
    'logging',
    'queue',
    'services',
    'storage',
    'tasks/definition.ts',
  ],
  composition: [''],
};

/** Files that may import something else than the folder they lie in. */
const FILES = {
  // Definitions are read by the api: what brings FFmpeg or ONNX Runtime with it is loaded by engines alone.
  'tasks/*/{task,plan,params}.ts': [...BASE, 'tasks'],
  'tasks/definition.ts': [...BASE, 'tasks'],
  // Opens the transaction of rows and of queue messages.
  'repositories/unit-of-work.ts': [...BASE, 'dao', 'models', 'queue/job-queue.ts', 'repositories'],
  'app.ts': ['domain/api-paths.ts', 'logging', 'middlewares', 'routes'],
  // Entries put a process together.
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
  message: 'The product does not import what is built around it.',
};

/** One row as configuration: the files that it is about, and everything but its list forbidden. */
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
            message: `The arrows of eslint/arrows.js do not lead from ${who} to it.`,
          },
          OUTSIDE,
        ],
      },
    ],
  },
});

/** Configurations, the most general first: ESLint takes the last that matches a file. */
export const arrows = [
  row('**/*.ts', 'a folder without a row', []),
  ...Object.entries(FOLDERS).map(([folder, allowed]) =>
    row(`${folder}/**/*.ts`, folder, [...allowed, folder]),
  ),
  ...Object.entries(FILES).map(([file, allowed]) => row(file, file, allowed)),
];
