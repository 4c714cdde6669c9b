import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EnergyReport, StageTimings } from '../../domain/job.js';
import { indexZip, mediaAmong } from '../../media/zip-index.js';
import { writeZip } from '../../media/zip-writer.js';
import type { EngineContext, TaskResult } from '../definition.js';
import { unitsOfItems } from './plan.js';
import type { DetectedMasks } from './detected-masks.js';
import type { Filler } from './filler.js';
import { presentItem, type ItemResult } from './item-result.js';
import type { InpaintingParams } from './params.js';
import { writeContactSheet } from './previews.js';

/** Content of a report. */
export interface InpaintingReport {
  readonly params: InpaintingParams;
  readonly engine: EngineContext;
  readonly filler: Filler;
  readonly masks: DetectedMasks | null;
  /** Folder with the result files of the items. */
  readonly folder: string;
  readonly results: readonly ItemResult[];
  /** Ends the measurements; called once, after all expensive work is done. */
  finish(): { readonly timings: StageTimings; readonly energy: EnergyReport };
}

const JSON_NAME = 'result.json';

/** Writes contact sheet and JSON, packs all files into the ZIP, and lists where each file lies in it. */
export async function writeInpaintingReport(report: InpaintingReport): Promise<TaskResult> {
  const { engine, filler, folder, results, params } = report;
  const sheet = await writeContactSheet(folder, results);
  const files = results.flatMap(({ item, files: made }) =>
    made.map((file) => ({ ...file, source: item.file, number: item.number })),
  );
  const detected = await report.masks?.finish();
  const { timings: measured, energy } = report.finish();
  const timings = { ...measured, ...detected?.timings };
  const json = {
    requestId: engine.jobId,
    model: filler.network,
    modelId: params.modelId,
    parameters: params,
    customParameter: params.customParameter ?? null,
    device: filler.device,
    timings,
    energy,
    counts: countsOf(results),
    items: results.map(presentItem),
    ...(detected && { masks: detected.masks }),
  };
  await writeFile(path.join(folder, JSON_NAME), JSON.stringify(json, null, 1));
  const zipPath = path.join(engine.workspace, 'result.zip');
  const names = [
    ...files.map(({ name }) => name),
    ...(sheet ? [sheet] : []),
    ...(detected?.files ?? []),
    JSON_NAME,
  ];
  await writeZip(
    zipPath,
    names.map((name) => ({ name, path: path.join(folder, name) })),
    { signal: engine.signal },
  );
  const members = await indexZip(zipPath);
  const places = new Map(members.map((member) => [member.name, member]));
  const listed = [...files, ...(sheet ? [{ name: sheet, type: 'image/jpeg' }] : [])];
  return {
    json: { ...json, files: listed.map((file) => ({ ...file, ...places.get(file.name) })) },
    zipPath,
    media: mediaAmong(members),
    units: unitsOfItems(billedItems(report)),
    device: filler.device,
    network: filler.network,
    timings,
    energy,
  };
}

function countsOf(results: readonly ItemResult[]) {
  const count = (wanted: ItemResult['status']): number =>
    results.filter(({ status }) => status === wanted).length;
  return {
    items: results.length,
    filled: count('filled'),
    copied: count('copied'),
    failed: count('failed'),
  };
}

/** With a detector, items without detections are billed as well, because detection costs the same. */
const billedItems = ({ results, masks }: InpaintingReport) =>
  results
    .filter(({ status }) => status === 'filled' || (masks !== null && status === 'copied'))
    .map(({ item }) => item);
