import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Methods that do not use the network, so that a new network does not invalidate their fills. */
const WITHOUT_NETWORK: readonly string[] = ['pushpull', 'telea', 'navier_stokes'];

const record = z.object({ milliseconds: z.number(), made: z.string() });

/**
 * Cache of fills from earlier runs. Next to each filled image is a record of the inputs; an interrupted run continues
 * where it stopped, and a run with a new network only recomputes the fills that depend on it.
 */
export class KeptFills {
  readonly #quality: string;
  readonly #network: string;

  private constructor(quality: string, network: string) {
    this.#quality = quality;
    this.#network = network;
  }

  /** @param models folder of networks; the digest of its inpainting network identifies the fills made with it */
  static async open(models: string, quality: string): Promise<KeptFills> {
    const bytes = await readFile(path.join(models, 'inpainting', 'model.onnx'));
    return new KeptFills(quality, createHash('sha256').update(bytes).digest('hex'));
  }

  /** Processor time in milliseconds of the cached fill in `file`; `null` when it must be computed. */
  async find(file: string, method: string): Promise<number | null> {
    const text = await readFile(`${file}.json`, 'utf8').catch(() => null);
    if (text === null) return null;
    const { milliseconds, made } = record.parse(JSON.parse(text));
    return made === this.#madeWith(method) ? milliseconds : null;
  }

  /** Records that `file` is complete. */
  async note(file: string, method: string, milliseconds: number): Promise<void> {
    await writeFile(`${file}.json`, JSON.stringify({ milliseconds, made: this.#madeWith(method) }));
  }

  #madeWith(method: string): string {
    return WITHOUT_NETWORK.includes(method) ? this.#quality : `${this.#quality} ${this.#network}`;
  }
}
