import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { NetworkIdentity } from '../../domain/job.js';
import { writeZip } from '../../media/zip-writer.js';
import { csvLine } from '../../domain/csv.js';
import type { EngineContext, TaskResult } from '../definition.js';
import type { ClassificationParams } from './params.js';
import type { ImageRecord } from './image-record.js';

/** Content of a classification report. */
export interface ClassificationReport {
  readonly records: readonly ImageRecord[];
  readonly network: NetworkIdentity;
  readonly params: ClassificationParams;
  readonly engine: EngineContext;
}

const JSON_FILE = 'result.json';
const CSV_FILE = 'predictions.csv';
/** Maximum images listed in the stored JSON; beyond that, only the JSON in the ZIP lists them. */
const MAX_INLINE_IMAGES = 1000;

/** Writes the JSON and CSV files to the workspace and packs them into the ZIP. */
export async function writeClassificationReport(
  report: ClassificationReport,
): Promise<Pick<TaskResult, 'json' | 'zipPath'>> {
  const { records, network, params, engine } = report;
  const json = {
    task: 'classification',
    model: network,
    topK: params.topK,
    threshold: params.threshold,
    classified: records.filter(({ ok }) => ok).length,
    failed: records.filter(({ ok }) => !ok).length,
    classes: countClasses(records),
    images: records.map(presentRecord),
  };
  const file = (name: string): string => path.join(engine.workspace, name);
  await writeFile(file(JSON_FILE), JSON.stringify(json, null, 1));
  await writeFile(file(CSV_FILE), predictionsCsv(records));
  const zipPath = file('result.zip');
  await writeZip(
    zipPath,
    [JSON_FILE, CSV_FILE].map((name) => ({ name, path: file(name) })),
    { signal: engine.signal },
  );
  const { images, ...summary } = json;
  const inline = images.length <= MAX_INLINE_IMAGES;
  return { json: inline ? json : { ...summary, imagesIn: JSON_FILE }, zipPath };
}

function presentRecord(record: ImageRecord) {
  const { mediaId, name, warnings = [] } = record;
  if (!record.ok) return { mediaId, name, predictions: [], warnings, error: record.error };
  const { predictions, entropy, margin } = record;
  return { mediaId, name, predictions, entropy, margin, warnings, error: null };
}

/** Number of images per best class, most frequent first. */
function countClasses(records: readonly ImageRecord[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const record of records) {
    const best = record.ok ? record.predictions[0]?.label : undefined;
    if (best !== undefined) counts.set(best, (counts.get(best) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** One row per listed class; a failed image has one row with its error. */
function predictionsCsv(records: readonly ImageRecord[]): string {
  const rows = records.flatMap((record) => {
    const start = [record.name, record.mediaId];
    if (!record.ok) return [[...start, '', '', '', '', record.error.code]];
    return record.predictions.map(({ label, index, probability }, rank) => [
      ...start,
      String(rank + 1),
      label,
      String(index),
      String(probability),
      '',
    ]);
  });
  const header = ['name', 'media_id', 'rank', 'label', 'index', 'probability', 'error'];
  return [header, ...rows].map(csvLine).join('');
}
