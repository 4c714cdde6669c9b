import { ApiClient, type ApiResponse } from './api-client.js';
import type { Cluster, Member } from './cluster.js';
import { gradient, pngOf, rectangleMask } from './inpainting-run.js';
import { RealtimeClient } from './realtime-client.js';
import { connectRemote, type RemoteClient } from './remote-client.js';

const PASSWORD = 'a good password';
const SIZE = { width: 32, height: 32 };
const HOLE = { left: 8, top: 8, right: 12, bottom: 12 };

let pair: Promise<readonly [Blob, Blob]> | undefined;

/** A small image and its mask. */
function smallPair(): Promise<readonly [Blob, Blob]> {
  const blobOf = async (pixels: Uint8Array) => new Blob([new Uint8Array(await pngOf(pixels, SIZE))]);
  pair ??= Promise.all([blobOf(gradient(SIZE.width, SIZE.height)), blobOf(rectangleMask(SIZE, HOLE))]);
  return pair;
}

/** What a user signs in with. */
interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Where the api processes are; a stack with a single one as well. */
type Addresses = Pick<Cluster, 'url' | 'instance' | 'admin'>;

/** A user of a cluster, with clients of each api process, all of them through nginx. */
export class ClusterUser {
  /** A client of the balancer, which chooses a process for each request. */
  readonly any: ApiClient;
  readonly email: string;
  readonly password: string;
  readonly #cluster: Addresses;
  readonly #open: { close(): void }[] = [];

  private constructor(
    cluster: Addresses,
    { email, password }: Credentials,
    readonly token: string,
  ) {
    this.email = email;
    this.password = password;
    this.#cluster = cluster;
    this.any = new ApiClient(cluster.url, token);
  }

  /** Registers a user of this name. */
  static async register(cluster: Addresses, name: string): Promise<ClusterUser> {
    const credentials = { email: `${name}@example.com`, password: PASSWORD };
    await new ApiClient(cluster.url).post('/api/auth/register', credentials);
    return ClusterUser.signIn(cluster, credentials);
  }

  static async signIn(cluster: Addresses, credentials: Credentials): Promise<ClusterUser> {
    const answer = okay(await new ApiClient(cluster.url).post('/api/auth/login', credentials));
    return new ClusterUser(cluster, credentials, String(answer.at('token')));
  }

  /** A client of one api process. */
  at(member: Member): ApiClient {
    return new ApiClient(this.#cluster.instance(member), this.token);
  }

  /** A remote-control device on one api process. */
  async device(member: Member): Promise<RemoteClient> {
    const path = `${new URL(this.#cluster.instance(member)).pathname}/socket.io`;
    const remote = await connectRemote(this.#cluster.url, { path, auth: { token: this.token } });
    this.#open.push(remote);
    return remote;
  }

  /** An authenticated WebSocket on one api process. */
  async socket(member: Member): Promise<RealtimeClient> {
    const headers = { authorization: `Bearer ${this.token}` };
    const url = `${this.#cluster.instance(member).replace('http', 'ws')}/ws`;
    const socket = new RealtimeClient(url, { headers });
    this.#open.push({ close: () => socket.terminate() });
    await socket.next('authenticated');
    return socket;
  }

  /** The stream of a job's events from the first one on, from one api process. */
  stream(member: Member, jobId: string): Promise<Response> {
    return fetch(`${this.#cluster.instance(member)}/api/jobs/${jobId}/events`, {
      headers: { authorization: `Bearer ${this.token}`, 'last-event-id': '1' },
    });
  }

  /** Has an admin add credits. */
  async recharge(amount: number): Promise<void> {
    const admin = await ClusterUser.signIn(this.#cluster, this.#cluster.admin);
    okay(await admin.any.post('/api/admin/user-tokens', { email: this.email, amount }));
  }

  /** Creates the dataset that {@link createJob} works on. */
  async prepare(client: ApiClient = this.any): Promise<void> {
    okay(await client.post('/api/datasets', { name: 'pair' }));
    okay(await this.uploadPair('pair', client));
  }

  /** Uploads a small image and its mask. */
  async uploadPair(datasetName: string, client: ApiClient = this.any): Promise<ApiResponse> {
    const [image, mask] = await smallPair();
    const body = new FormData();
    body.append('datasetName', datasetName);
    body.append('image', image, 'image.png');
    body.append('mask', mask, 'mask.png');
    return client.call('POST', '/api/datasets/data', { body });
  }

  /** Creates a job that takes a moment. */
  createJob(client: ApiClient = this.any, headers: Record<string, string> = {}): Promise<ApiResponse> {
    return client.post('/api/inferences', { datasetName: 'pair', parameters: { device: 'cpu' } }, headers);
  }

  /** Closes the devices and WebSockets. */
  close(): void {
    this.#open.splice(0).forEach((connection) => connection.close());
  }
}

/** The response, if it is one of success. @throws Error with its text */
function okay(response: ApiResponse): ApiResponse {
  if (response.status < 300) return response;
  throw new Error(`${response.status} ${response.text}`);
}

/** Id of the job that a response has created. @throws Error with its text */
export const jobOf = (response: ApiResponse): string => String(okay(response).at('jobId'));
