import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { Detection } from '../../domain/detection.js';
import { csvLine } from '../../domain/csv.js';

/** One image or frame with its detections. */
export type DetectionRecord = Readonly<Record<string, unknown>> & {
  readonly detections: readonly Detection[];
};

/** Leading cells of a record's CSV rows. */
export type RowStart = readonly [name: string, mediaId: string, frame: number | '', timeSeconds: number | ''];

/**
 * Maximum images, frames and objects, together, in the stored JSON; beyond that, only the JSON in the ZIP lists them.
 */
const MAX_INLINE = 20_000;
const HEADER = 'name,media_id,frame,time_seconds,label,label_index,score,x,y,width,height,error\n';

/**
 * Writes records one by one to a JSON and a CSV file, since those of a long video do not fit into memory. The caller
 * must call `finish` or `stop`.
 */
export class RecordWriter {
  readonly #json: WriteStream;
  readonly #csv: WriteStream;
  readonly #list: string;
  readonly #counts = new Map<string, number>();
  #inline: DetectionRecord[] | null = [];
  #size = 0;
  #records = 0;
  #objects = 0;

  /** @param list name of the array of records in the JSON document */
  constructor(
    paths: { readonly json: string; readonly csv: string },
    list: 'images' | 'videoFrames' | 'found',
  ) {
    this.#json = createWriteStream(paths.json);
    this.#csv = createWriteStream(paths.csv);
    this.#list = list;
    // Stream errors are rethrown by the next write.
    for (const stream of [this.#json, this.#csv]) stream.on('error', () => undefined);
    this.#json.write(`{\n"${list}": [`);
    this.#csv.write(HEADER);
  }

  async add(record: DetectionRecord, start: RowStart, error = ''): Promise<void> {
    const { detections } = record;
    await write(this.#json, `${this.#records === 0 ? '\n' : ',\n'}${JSON.stringify(record)}`);
    const rows = detections.map(({ label, labelIndex, score, box }) =>
      csvLine([...start, label, labelIndex, score, box.x, box.y, box.width, box.height, '']),
    );
    if (error !== '') rows.push(csvLine([...start, '', '', '', '', '', '', '', error]));
    await write(this.#csv, rows.join(''));
    for (const { label } of detections) this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
    this.#records += 1;
    this.#objects += detections.length;
    this.#size += 1 + detections.length;
    if (this.#size > MAX_INLINE) this.#inline = null;
    this.#inline?.push(record);
  }

  /**
   * Completes both files.
   * @returns the JSON document, without its array when that is long
   */
  async finish(
    facts: Readonly<Record<string, unknown>>,
    fileName: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const counts = Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a));
    const summary = { ...facts, objects: this.#objects, objectsByLabel: counts };
    await write(this.#json, `\n],\n${JSON.stringify(summary, null, 1).slice(1)}\n`);
    await Promise.all([this.#json, this.#csv].map((stream) => finished(stream.end())));
    return { ...summary, ...(this.#inline ? { [this.#list]: this.#inline } : { detectionsIn: fileName }) };
  }

  /** Closes the files unfinished. Does nothing after `finish`. */
  stop(): void {
    this.#json.destroy();
    this.#csv.destroy();
  }
}

async function write(stream: WriteStream, text: string): Promise<void> {
  if (stream.errored) throw stream.errored;
  if (!stream.write(text)) await once(stream, 'drain');
}
