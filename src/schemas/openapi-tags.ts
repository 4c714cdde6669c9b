/** Groups of routes with their descriptions, in the order of the documentation. */
export const OPENAPI_TAGS = [
  {
    name: 'Authentication',
    description:
      'Accounts by e-mail alone, and tokens. A token works on every route, also those under `/api/users`, `/api/datasets` and `/v2`.',
  },
  {
    name: 'API keys',
    description:
      'Keys for programs, restricted to scopes. Send a key as `X-API-Key: <key>` or `Authorization: Api-Key <key>` in place of a token.',
  },
  { name: 'Users', description: 'Balance of credits.' },
  {
    name: 'Datasets',
    description:
      'Datasets addressed by **id** (`/api/dataset`), with single videos and images. **Choose these for visual servoing (`cns`) and classification.** ' +
      'Two published APIs are supported: the other one is "Datasets by name", for inpainting. Both show the same ' +
      'datasets of the same account.',
  },
  {
    name: 'Uploads',
    description:
      'Large files in several requests, for both families of datasets: in parts to signed URLs, or resumable by tus 1.0. Files can also be imported from URLs.',
  },
  {
    name: 'Media',
    description:
      'Stored images and videos, whichever routes uploaded them: lists, thumbnails, posters, filmstrips, playable copies and single frames.',
  },
  {
    name: 'Inference',
    description:
      'Jobs of the tasks `cns`, `classification` and `detection` over a dataset of the family "Datasets" (by id), and their results. Inpainting has its own ' +
      'routes, see "Inpainting".',
  },
  {
    name: 'Classification',
    description:
      'Synchronous classification and detection, without a dataset or a job, and the status of the engine.',
  },
  {
    name: 'Models',
    description: 'The installed networks. Installing and removing them needs the admin role.',
  },
  {
    name: 'Jobs',
    description: 'All jobs of the caller, whichever routes created them: list, show, cancel, retry, follow.',
  },
  {
    name: 'Trash',
    description:
      'Deletion of files, items, jobs and results. What was deleted can be restored for `TRASH_DAYS`.',
  },
  {
    name: 'Webhooks',
    description:
      'Endpoints that receive signed messages when jobs start, progress and end, and the log of their deliveries.',
  },
  {
    name: 'Live servoing',
    description:
      'Sessions that answer each frame of a camera with the velocity that brings it to its goal, while the camera moves. Frames come by WebSocket or by POST.',
  },
  {
    name: 'Accounts',
    description:
      'Accounts with name and surname (`/api/users`), where credits are called tokens: the routes of the family by name. **New clients may use ' +
      'either these or "Authentication" and "Users"**; it is the same account.',
  },
  {
    name: 'Datasets by name',
    description:
      'Datasets addressed by **name** (`/api/datasets`), with images, videos and their masks. **Choose these for inpainting.** They belong to the second of ' +
      'two published APIs; for visual servoing and classification see "Datasets" (by id). Both show the same datasets of the same account.',
  },
  {
    name: 'Inpainting',
    description:
      'Jobs that fill the masked parts of a dataset of the family "Datasets by name", and their result files.',
  },
  { name: 'Administration', description: 'Needs the admin role.' },
  {
    name: 'Open Inference v2',
    description:
      'The Open Inference protocol for tensors, as implemented by KServe and Triton. Choose it if you already have a client for it.',
  },
  { name: 'WebSocket', description: 'HTTP routes for the WebSocket at `/ws`.' },
  { name: 'System', description: 'Health, and this document.' },
] as const;
