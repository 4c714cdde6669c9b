import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
 * optimising takes most of the time of opening.
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

  async #openRecorded(options: OnnxSessionOptions, sha256: string): Promise<ProfiledSession> {
    const folder = await mkdtemp(path.join(tmpdir(), 'infernode-graph-'));
    try {
      const file = path.join(folder, 'graph.onnx');
      const session = await openOnnxSession({ ...options, optimisedFile: file });
      const bytes = await readFile(file).catch(() => null);
      if (bytes !== null && bytes.length <= MAX_BYTES) this.#recorded?.push({ sha256, bytes });
      return session;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
