import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { OpenInferenceController } from '../../../src/controllers/open-inference.controller.js';
import type {
  InstalledNetwork,
  LoadedNetwork,
  NetworkCatalogue,
  NetworkEngines,
} from '../../../src/domain/network.js';
import type { Tensor } from '../../../src/domain/tensor.js';
import { AppError } from '../../../src/errors/app-error.js';
import { invalidToken } from '../../../src/errors/common-errors.js';
import { silentLogger } from '../../../src/logging/logger.js';
import type { EndpointGuards } from '../../../src/middlewares/endpoint.js';
import { errorHandler } from '../../../src/middlewares/error-handler.js';
import { mount } from '../../../src/routes/mount.js';
import { openInferenceRoutes } from '../../../src/routes/open-inference.routes.js';
import { TensorTexts } from '../../../src/protocols/open-inference/tensor-texts.js';
import { MemoryBudget } from '../../../src/lifecycle/memory-budget.js';
import { JobEngineNetworks } from '../../../src/services/job-engine-networks.js';
import { NetworkStatus } from '../../../src/services/network-status.js';
import { NetworkRights } from '../../../src/services/network-rights.service.js';
import { openNetworks } from '../../fakes/open-networks.js';
import { OpenInferenceService, type PaidWork } from '../../../src/services/open-inference.service.js';

/** One call of `infer` that reached the engines. */
type InferCall = Parameters<NetworkEngines['infer']>[0];

/** The routes over networks that exist only on paper. */
export interface OpenInferenceServer {
  readonly url: string;
  readonly calls: readonly InferCall[];
  readonly paid: readonly PaidWork[];
  /** What `infer` answers; may throw. */
  answer: (call: InferCall) => Promise<Readonly<Record<string, Tensor>>>;
  close(): Promise<void>;
}

const installed = (
  id: string,
  version: string,
  problem: InstalledNetwork['problem'] = null,
): InstalledNetwork => ({
  ...{ id, version, task: 'classification', layout: 'folder', sha256: '0'.repeat(64), bytes: 1 },
  ...{ licence: null, source: null, classes: null, preprocessing: null, problem, manifest: {} },
});
const ALL = [
  installed('adder', '1.0.0'),
  installed('adder', '2.0.0'),
  installed('broken', '1.0.0', { code: 'MODEL_INVALID', message: 'It is no ONNX file.' }),
];
const missing = (id: string) => new AppError('NETWORK_NOT_FOUND', { message: `There is no network ${id}.` });

const catalogue: NetworkCatalogue = {
  list: async () => ALL,
  find: async ({ id, version }) => {
    const network = ALL.findLast((one) => one.id === id && (version ?? one.version) === one.version);
    if (!network) throw missing(id);
    return { network, folder: '/nowhere' };
  },
};

/** Engines whose networks answer whatever the test says. */
function fakeEngines(calls: InferCall[], answer: (call: InferCall) => ReturnType<NetworkEngines['infer']>) {
  const memory = new Map<string, LoadedNetwork>();
  const engines: Pick<NetworkEngines, 'load' | 'loaded' | 'unload' | 'infer'> = {
    load: async (request) => {
      const { id, version } = (await catalogue.find(request)).network;
      const inputs = [{ name: 'x', dtype: 'float32', dims: ['batch', 3] }];
      const outputs = [{ name: 'y:0', dtype: 'float16', dims: ['batch', 2] }];
      const network = { id, version, inputs, outputs } as unknown as LoadedNetwork;
      memory.set(id, network);
      return network;
    },
    loaded: () => [...memory.values()],
    unload: async ({ id }) => memory.delete(id),
    infer: async (call) => {
      calls.push(call);
      return answer(call);
    },
  };
  return engines as NetworkEngines;
}

const audit: EndpointGuards['audit'] = { record: async () => undefined };
const quotas: EndpointGuards['quotas'] = {
  countRequest: async () => undefined,
  admitUpload: async () => ({ id: 'upload', [Symbol.asyncDispose]: async () => undefined }),
};
async function tempFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-body-'));
  return { path: folder, remove: () => rm(folder, { recursive: true }) };
}

const noForms = { receive: () => Promise.reject(new Error('no forms here')) };
const bodies: EndpointGuards['bodies'] = {
  uploads: noForms,
  images: noForms,
  memory: new MemoryBudget(2 ** 27),
  spill: { tempFolder, requireSpace: () => Promise.resolve() },
  pace: { idleMs: 30_000, minBytesPerSecond: 0 },
};

/** A user with the token `user`, an admin with `admin`. */
const admit: EndpointGuards['authenticator']['admit'] = async (credential) => {
  const token = credential.kind === 'token' ? credential.token : '';
  if (token !== 'user' && token !== 'admin') throw invalidToken();
  return { principal: { userId: token, email: `${token}@example.com`, role: token }, expiresAt: null };
};
const authenticator: EndpointGuards['authenticator'] = { admit, recheck: admit };

/** Starts the routes on a free port of loopback. */
export async function startOpenInference(): Promise<OpenInferenceServer> {
  const calls: InferCall[] = [];
  const paid: PaidWork[] = [];
  const engines = fakeEngines(calls, (call) => running.answer(call));
  const inference = new OpenInferenceService({
    networks: new NetworkStatus(catalogue, engines, new JobEngineNetworks()),
    engines,
    payment: {
      run: async (order, work) => {
        const value = await work();
        paid.push(order);
        return value;
      },
    },
    rights: new NetworkRights(openNetworks),
  });
  const controller = new OpenInferenceController({
    inference,
    health: { readiness: async () => ({ ready: true, checks: {} }) },
    version: '9.9.9',
    texts: new TensorTexts(),
  });
  const app = express()
    .use(mount(openInferenceRoutes(controller), { authenticator, bodies, audit, quotas } as EndpointGuards))
    .use(errorHandler(silentLogger));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const running: OpenInferenceServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    paid,
    answer: async () => ({}),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}
