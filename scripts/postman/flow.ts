/** One request of the collection: an operation of the API and its values at this point of the run. */
export interface FlowStep {
  /** Name in the collection. */
  readonly name: string;
  readonly operationId: string;
  /** Expected status. */
  readonly status: number;
  /** Which token is sent; absent for public operations. */
  readonly as?: 'user' | 'admin';
  /** Values that replace the document's examples, by field of the body. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Values of path parameters. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** Files of a form: field, and path relative to the repository's root. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment variables set from the response: name, and path in the JSON body. */
  readonly save?: Readonly<Record<string, string>>;
  /** Additional lines of the test script. */
  readonly script?: readonly string[];
}

/** A group of the collection. */
export interface FlowGroup {
  readonly name: string;
  readonly steps: readonly FlowStep[];
}

const dataset = { name: '{{datasetName}}' };
const files = (image: string, mask: string) => ({
  image: `postman/files/${image}`,
  mask: `postman/files/${mask}`,
});

/** A black disc on white, as PNG. */
const DISC =
  'iVBORw0KGgoAAAANSUhEUgAAABgAAAAYCAAAAADFHGIkAAAAN0lEQVR42mP4jwMw0EKCAQwwJBjgAFWCgQFdhgFDHCqDX4KBAVNm4CVI9wfuIMEdiLiDnZZxDgCsO26g/OaSdQAAAABJRU5ErkJggg==';
const image = { type: 'image', data: `data:image/png;base64,${DISC}` };
/** The bundled network. */
const network = { model_id: 'shapes', version: undefined };
const options = { top_k: 3, threshold: 0, all_classes: false, scores: false };

/** Repeats the same request until the job has ended; the runner pauses between requests. */
const untilEnded = [
  'const { status } = pm.response.json().data;',
  "pm.test('The job has not failed', () => pm.expect(['PENDING', 'RUNNING', 'COMPLETED']).to.include(status));",
  "if (status === 'PENDING' || status === 'RUNNING') pm.execution.setNextRequest(pm.info.requestName);",
];

/** The run from registration to deletion. */
export const FLOW: readonly FlowGroup[] = [
  {
    name: 'User',
    steps: [
      {
        name: 'Register',
        operationId: 'registerAccount',
        status: 201,
        body: { email: '{{email}}', password: '{{password}}' },
      },
      {
        name: 'Login',
        operationId: 'loginAccount',
        status: 200,
        body: { email: '{{email}}', password: '{{password}}' },
        save: { token: 'data.token', userId: 'data.user.id' },
      },
      { name: 'Profile', operationId: 'getProfile', status: 200, as: 'user' },
      { name: 'Tokens', operationId: 'getTokens', status: 200, as: 'user' },
      {
        name: 'Update User',
        operationId: 'updateAccount',
        status: 200,
        as: 'user',
        path: { userId: '{{userId}}' },
        body: { name: 'Maria', surname: 'Bianchi', email: '{{email}}', password: undefined },
      },
    ],
  },
  {
    name: 'Admin',
    steps: [
      {
        name: 'Login as Admin',
        operationId: 'loginAccount',
        status: 200,
        body: { email: '{{adminEmail}}', password: '{{adminPassword}}' },
        save: { adminToken: 'data.token' },
      },
      {
        name: 'Recharge User Tokens',
        operationId: 'rechargeTokens',
        status: 200,
        as: 'admin',
        body: { email: '{{email}}', amount: 200 },
      },
      {
        name: 'User Token Balance',
        operationId: 'getUserTokens',
        status: 200,
        as: 'admin',
        path: { email: '{{email}}' },
        script: [
          "pm.test('The recharge is there', () => pm.expect(pm.response.json().data.currentBalance).to.eql(300));",
        ],
      },
      { name: 'All Transactions', operationId: 'listTransactions', status: 200, as: 'admin' },
    ],
  },
  {
    name: 'Dataset',
    steps: [
      { name: 'Create Dataset', operationId: 'createNamedDataset', status: 201, as: 'user', body: dataset },
      {
        name: 'Upload Image and Mask',
        operationId: 'uploadPairs',
        status: 201,
        as: 'user',
        body: { datasetName: '{{datasetName}}' },
        files: files('image.png', 'mask.png'),
        script: [
          "pm.test('An image costs 0.65', () => pm.expect(pm.response.json().tokenSpent).to.eql(0.65));",
        ],
      },
      {
        name: 'Upload ZIP',
        operationId: 'uploadPairs',
        status: 201,
        as: 'user',
        body: { datasetName: '{{datasetName}}' },
        files: files('groups.zip', 'mask.png'),
      },
      { name: 'All Datasets', operationId: 'listNamedDatasets', status: 200, as: 'user' },
      { name: 'Dataset', operationId: 'getNamedDataset', status: 200, as: 'user', path: dataset },
      { name: 'Dataset Items', operationId: 'listDatasetItems', status: 200, as: 'user', path: dataset },
      {
        name: 'View Image',
        operationId: 'viewDatasetFile',
        status: 200,
        as: 'user',
        path: { ...dataset, type: 'image', filename: 'image_1.png' },
      },
      {
        name: 'Update Dataset',
        operationId: 'updateNamedDataset',
        status: 200,
        as: 'user',
        path: dataset,
        body: { name: undefined, tags: ['Inpainting', 'Postman'] },
      },
    ],
  },
  {
    name: 'Inference',
    steps: [
      {
        name: 'Price of an Inference',
        operationId: 'createInpainting',
        status: 200,
        as: 'user',
        query: { dryRun: 'true' },
        body: { datasetName: '{{datasetName}}', modelId: '{{modelId}}' },
      },
      {
        name: 'Start Inference',
        operationId: 'createInpainting',
        status: 201,
        as: 'user',
        body: { datasetName: '{{datasetName}}', modelId: '{{modelId}}' },
        save: { inferenceId: 'inference.id', jobId: 'jobId' },
      },
      {
        name: 'Inference Status',
        operationId: 'getInpaintingStatus',
        status: 200,
        as: 'user',
        path: { jobId: '{{jobId}}' },
        script: untilEnded,
      },
      { name: 'All Inferences', operationId: 'listInpaintings', status: 200, as: 'user' },
      {
        name: 'Inference',
        operationId: 'getInpainting',
        status: 200,
        as: 'user',
        path: { id: '{{inferenceId}}' },
      },
      {
        name: 'Inference Results',
        operationId: 'getInpaintingResults',
        status: 200,
        as: 'user',
        path: { id: '{{inferenceId}}' },
        script: [
          'const path = pm.response.json().data.images[0].outputPath;',
          "pm.environment.set('resultFile', path.split('/').pop());",
        ],
      },
      {
        name: 'Download Result',
        operationId: 'downloadInpainting',
        status: 200,
        as: 'user',
        path: { id: '{{inferenceId}}', filename: '{{resultFile}}' },
        script: [
          "pm.test('It is a PNG', () => pm.expect(pm.response.headers.get('Content-Type')).to.eql('image/png'));",
        ],
      },
    ],
  },
  {
    name: 'Classification',
    steps: [
      {
        name: 'Preload Network',
        operationId: 'preloadModel',
        status: 200,
        as: 'admin',
        body: { ...network, model_path: undefined, metadata: undefined, warmup: true },
      },
      {
        name: 'Classify',
        operationId: 'classify',
        status: 200,
        as: 'user',
        body: { ...network, options, input: image, input_data: undefined },
        script: [
          "pm.test('A disc is a circle', () => pm.expect(pm.response.json().predictions[0].label).to.eql('circle'));",
        ],
      },
      {
        name: 'Classify several',
        operationId: 'classifyBatch',
        status: 200,
        as: 'user',
        body: {
          ...network,
          options,
          inputs: [image, { ...image, data: 'AAAA' }],
          input_data_list: undefined,
        },
        script: [
          "pm.test('A bad image fails alone', () => pm.expect(pm.response.json().results.map((one) => one.success)).to.eql([true, false]));",
        ],
      },
      {
        name: 'Find Objects',
        operationId: 'classify',
        status: 200,
        as: 'user',
        body: {
          model_id: 'shapes_detection',
          model_type: 'object_detection',
          version: undefined,
          options: { max_detections: 10 },
          input: image,
          input_data: undefined,
        },
        script: [
          "pm.test('Each object has a box', () => pm.response.json().detections.forEach((one) => pm.expect(one.box).to.have.keys('x', 'y', 'width', 'height')));",
        ],
      },
      { name: 'Engine Status', operationId: 'engineStatus', status: 200, as: 'user' },
      { name: 'Networks in Memory', operationId: 'loadedModels', status: 200, as: 'user' },
      { name: 'Formats', operationId: 'classificationFormats', status: 200, as: 'user' },
      {
        name: 'Unload Network',
        operationId: 'unloadModel',
        status: 200,
        as: 'admin',
        path: { id: 'shapes' },
      },
      { name: 'Health', operationId: 'healthShort', status: 200 },
    ],
  },
  {
    name: 'Clean up',
    steps: [
      { name: 'Datasets of all Users', operationId: 'listAllDatasets', status: 200, as: 'admin' },
      { name: 'Delete Dataset', operationId: 'deleteNamedDataset', status: 200, as: 'user', path: dataset },
      {
        name: 'Delete User',
        operationId: 'deleteAccount',
        status: 200,
        as: 'user',
        path: { userId: '{{userId}}' },
      },
    ],
  },
];
