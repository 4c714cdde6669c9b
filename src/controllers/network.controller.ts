import { IMAGE_FORMATS } from '../domain/image-format.js';
import { AppError } from '../errors/app-error.js';
import { invalidField } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import { MAX_BATCH, IMAGE_MAX_BYTES } from '../schemas/classification.schema.js';
import type { networkOperations } from '../schemas/network.schema.js';
import type { ModelOfferService } from '../services/model-offers.service.js';
import type { NetworkStatus, NetworkView } from '../services/network-status.js';
import type { NetworkRights } from '../services/network-rights.service.js';
import type { NetworkService } from '../services/network.service.js';
import {
  presentEngineStatus,
  presentJobEngine,
  presentLoaded,
  presentMemory,
  presentModel,
  type ModelLimits,
} from './network.presenter.js';

type Operations = typeof networkOperations;

const IMAGE_TYPES = IMAGE_FORMATS.map((format) => `image/${format}`);
const FORMATS = [
  { format: 'image', field: 'input', description: 'A data URL or bare base64 in `data`' },
  { format: 'media', field: 'input', description: "`media_id` of an image in one of the caller's datasets" },
  {
    format: 'tensor',
    field: 'input',
    description: 'The network’s own input: `dtype`, `shape`, base64 `data`',
  },
  { format: 'base64', field: 'input_data', description: 'Bare base64 or a data URL in `content`' },
  {
    format: 'base64_jpeg',
    field: 'input_data',
    description: 'The same; the format is detected from the content',
  },
  {
    format: 'base64_png',
    field: 'input_data',
    description: 'The same; the format is detected from the content',
  },
  {
    format: 'base64_webp',
    field: 'input_data',
    description: 'The same; the format is detected from the content',
  },
  { format: 'data_url', field: 'input_data', description: 'A data URL in `content`' },
  { format: 'media_id', field: 'input_data', description: 'Id of a stored image in `content`' },
  { format: 'form', field: 'image', description: 'multipart/form-data with the files themselves' },
];

/** Limits from the settings. */
export interface ClassificationLimits {
  readonly timeoutMs: number;
  /** Maximum width times height of an image. */
  readonly maxImagePixels: number;
  /** Limits of files in datasets. */
  readonly files: Omit<ModelLimits, 'synchronous' | 'maxImagePixels'>;
}

/** What the lists of networks are made of. */
interface CatalogueServices {
  readonly statuses: NetworkStatus;
  readonly offers: Pick<ModelOfferService, 'byNetworkTask'>;
  readonly rights: Pick<NetworkRights, 'require' | 'visible'>;
}

const idOf = ({ id }: { readonly id: string }): string => id;

/** HTTP handlers of networks: installed ones, loaded ones, and their administration. */
export class NetworkController {
  readonly #networks: Pick<NetworkService, 'load' | 'preload' | 'unload' | 'install' | 'remove'>;
  readonly #statuses: NetworkStatus;
  readonly #limits: ClassificationLimits;
  readonly #offers: CatalogueServices['offers'];
  readonly #rights: CatalogueServices['rights'];

  constructor(
    networks: Pick<NetworkService, 'load' | 'preload' | 'unload' | 'install' | 'remove'>,
    { statuses, offers, rights }: CatalogueServices,
    limits: ClassificationLimits,
  ) {
    this.#offers = offers;
    this.#rights = rights;
    this.#networks = networks;
    this.#statuses = statuses;
    this.#limits = limits;
  }

  readonly preload = async ({ body }: Call<Operations['preload']>): Promise<Reply> => {
    const startedAt = performance.now();
    const { model_id: id, version, model_path: modelPath, metadata } = body;
    const loaded = await this.#networks.preload({ id, version, modelPath, metadata });
    return ok({
      success: true,
      message: `Model ${id} preloaded successfully`,
      load_time_ms: Math.round(performance.now() - startedAt),
      model_id: id,
      model: presentLoaded(loaded),
    });
  };

  readonly status = async ({ principal }: Call<Operations['status']>): Promise<Reply> => {
    const loaded = await this.#rights.visible(principal, this.#statuses.loaded(), idOf);
    const report = this.#statuses.report();
    const counts = await this.#rights.visible(principal, Object.entries(report.counts), ([id]) => id);
    return ok(presentEngineStatus({ ...report, counts: Object.fromEntries(counts) }, loaded));
  };

  readonly loaded = async ({ principal }: Call<Operations['loaded']>): Promise<Reply> => {
    const loaded = await this.#rights.visible(principal, this.#statuses.loaded(), idOf);
    const inJobEngines = await this.#rights.visible(principal, this.#statuses.inJobEngines(), idOf);
    const memory = presentMemory(this.#statuses.report(), loaded.length);
    return ok({
      success: true,
      models: loaded.map(presentLoaded),
      count: loaded.length,
      memory,
      job_engines: inJobEngines.map(presentJobEngine),
    });
  };

  readonly unloadModel = async ({ params, query }: Call<Operations['unloadModel']>): Promise<Reply> => {
    if (!(await this.#networks.unload({ id: params.id, version: query.version }))) throw notLoaded(params.id);
    return ok({ success: true, message: `Model ${params.id} unloaded successfully` });
  };

  readonly formats = async (): Promise<Reply> =>
    ok({
      success: true,
      supported_formats: FORMATS,
      image_types: IMAGE_TYPES,
      limits: {
        max_image_bytes: IMAGE_MAX_BYTES,
        max_image_pixels: this.#limits.maxImagePixels,
        max_batch: MAX_BATCH,
        timeout_ms: this.#limits.timeoutMs,
      },
      payload_example: {
        model_id: 'resnet18',
        input: { type: 'image', data: 'data:image/jpeg;base64,/9j/4AAQSkZJ...' },
        options: { top_k: 5, threshold: 0.5 },
      },
      description: 'Use POST /api/inference/execute with the payload_example format',
    });

  readonly list = async ({ principal }: Call<Operations['list']>): Promise<Reply> => {
    const all = await this.#statuses.list();
    const visible = await this.#rights.visible(principal, all, ({ installed }) => installed.id);
    return ok({ models: await this.#present(visible) });
  };

  readonly get = async ({ params, principal }: Call<Operations['get']>): Promise<Reply> => {
    await this.#rights.require(principal, params.id);
    return ok({ id: params.id, versions: await this.#present(await this.#statuses.versions(params.id)) });
  };

  readonly upload = async (call: Call<Operations['upload']>): Promise<Reply> => {
    const { id, version, sha256 } = call.body;
    const model = call.file('model');
    if (sha256 !== undefined && sha256 !== model.sha256) throw otherDigest(sha256, model.sha256);
    const installed = await this.#networks.install({
      id,
      version,
      modelPath: model.path,
      manifestPath: call.optionalFile('manifest')?.path,
      labelsPath: call.optionalFile('labels')?.path,
    });
    const [shown] = await this.#present([{ installed, loaded: null, jobEngines: 0 }]);
    return created({ model: shown }, `/api/models/${id}`);
  };

  readonly remove = async ({ params, query }: Call<Operations['remove']>): Promise<Reply> => {
    await this.#networks.remove({ id: params.id, version: query.version });
    return ok({ message: 'Model deleted successfully' });
  };

  readonly load = async ({ params, body }: Call<Operations['load']>): Promise<Reply> =>
    ok({ model: presentLoaded(await this.#networks.load({ id: params.id, version: body.version })) });

  readonly unload = async ({ params, body }: Call<Operations['unload']>): Promise<Reply> => {
    await this.#statuses.versions(params.id);
    return ok({ unloaded: await this.#networks.unload({ id: params.id, version: body.version }) });
  };

  async #present(views: readonly NetworkView[]) {
    const { timeoutMs, maxImagePixels, files } = this.#limits;
    const synchronous = { maxFileBytes: IMAGE_MAX_BYTES, maxImages: MAX_BATCH, timeoutMs };
    const limits = { ...files, maxImagePixels, synchronous };
    const offersOf = await this.#offers.byNetworkTask();
    return views.map((view) => presentModel(view, { offers: offersOf(view.installed.task), limits }));
  }
}

const notLoaded = (id: string): AppError =>
  new AppError('NETWORK_NOT_LOADED', {
    message: `Network ${id} is not loaded.`,
    details: { network: id },
  });

const otherDigest = (expected: string, found: string): AppError =>
  invalidField(
    '/sha256',
    'NETWORK_DIGEST_MISMATCH',
    `sha256: the received file has ${found}, but the request announced ${expected}.`,
  );
