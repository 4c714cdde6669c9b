import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Fills that never look at the network: a new network does not change them. */
const WITHOUT_NETWORK: readonly string[] = ['pushpull', 'telea', 'navier_stokes'];

const record = z.object({ milliseconds: z.number(), made: z.string() });

/**
 * Which fills of an earlier run still hold. Beside each filled image lies a record of what it was made with; a run that
 * was interrupted goes on where it was, and a run with a new network only does again what depends on it.
 */
export class KeptFills {
  readonly #quality: string;
  readonly #network: string;

  private constructor(quality: string, network: string) {
    this.#quality = quality;
    this.#network = network;
  }

  /** @param models folder of networks; the digest of the inpainting network in it tells its fills from others */
  static async open(models: string, quality: string): Promise<KeptFills> {
    const bytes = await readFile(path.join(models, 'inpainting', 'model.onnx'));
    return new KeptFills(quality, createHash('sha256').update(bytes).digest('hex'));
  }

  /** Processor milliseconds of the fill in `file` when it is still right; null when it must be made. */
  async find(file: string, method: string): Promise<number | null> {
    const text = await readFile(`${file}.json`, 'utf8').catch(() => null);
    if (text === null) return null;
    const { milliseconds, made } = record.parse(JSON.parse(text));
    return made === this.#madeWith(method) ? milliseconds : null;
  }

  /** Notes that `file` is complete. */
  async note(file: string, method: string, milliseconds: number): Promise<void> {
    await writeFile(`${file}.json`, JSON.stringify({ milliseconds, made: this.#madeWith(method) }));
  }

  #madeWith(method: string): string {
    return WITHOUT_NETWORK.includes(method) ? this.#quality : `${this.#quality} ${this.#network}`;
  }
}
