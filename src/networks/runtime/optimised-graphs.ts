import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openOnnxSession, type OnnxSessionOptions, type ProfiledSession } from './onnx-session.js';

/** A graph as ONNX Runtime optimised it for the CPU of this machine. */
export interface OptimisedGraph {
  /** Digest of the original file. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Larger graphs consist of weights, and are not opened any faster. */
const MAX_BYTES = 8 * 2 ** 20;

/**
 * Opens graphs on the CPU in their optimised form where another process has sent it: of a graph of many small operators,
 * optimising takes most of the time of opening. Only on Linux, whose files can be written without a name.
 */
export class OptimisedGraphs {
  readonly #known = new Map<string, Uint8Array>();
  #recorded: OptimisedGraph[] | null = null;

  /** Takes what another process of this machine has recorded. */
  add(graphs: readonly OptimisedGraph[]): void {
    for (const { sha256, bytes } of graphs) this.#known.set(sha256, bytes);
  }

  /** Runs `work`. @returns the optimised form of the graphs that it opened and that were not known */
  async record(work: () => Promise<unknown>): Promise<readonly OptimisedGraph[]> {
    const recorded: OptimisedGraph[] = [];
    this.#recorded = recorded;
    try {
      await work();
    } finally {
      this.#recorded = null;
    }
    return recorded;
  }

  /** As `openOnnxSession`. */
  readonly open = async (options: OnnxSessionOptions): Promise<ProfiledSession> => {
    const { model, device } = options;
    if (device !== 'cpu' || model.length > MAX_BYTES) return openOnnxSession(options);
    const sha256 = createHash('sha256').update(model).digest('hex');
    const bytes = this.#known.get(sha256);
    if (bytes !== undefined) {
      // The original decides what is wrong with the graph.
      const session = await openOnnxSession({ ...options, model: bytes, optimised: true }).catch(() => null);
      if (session !== null) return session;
    }
    return this.#recorded === null ? openOnnxSession(options) : this.#openRecorded(options, sha256);
  };

  /** The runtime writes to a file without a name, so that nothing is left when this process is killed meanwhile. */
  async #openRecorded(options: OnnxSessionOptions, sha256: string): Promise<ProfiledSession> {
    const file = await openNamelessFile().catch(() => null);
    if (file === null) return openOnnxSession(options);
    try {
      const optimisedFile = `/proc/self/fd/${String(file.fd)}`;
      const session = await openOnnxSession({ ...options, optimisedFile }).catch(() => null);
      if (session === null) return await openOnnxSession(options);
      const bytes = await file.readFile();
      if (bytes.length > 0 && bytes.length <= MAX_BYTES) this.#recorded?.push({ sha256, bytes });
      return session;
    } finally {
      await file.close();
    }
  }
}

async function openNamelessFile(): Promise<FileHandle> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-graph-'));
  try {
    return await open(path.join(folder, 'graph.onnx'), 'w+');
  } finally {
    await rm(folder, { recursive: true });
  }
}
