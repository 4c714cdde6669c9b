import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderSvg } from '../../../media/image-codec.js';
import { indexZip, mediaAmong } from '../../../media/zip-index.js';
import { writeZip } from '../../../media/zip-writer.js';
import { makeFolder } from '../../../storage/folders.js';
import type { TaskResult } from '../../definition.js';
import type { ReportDrawing } from './report-drawing.js';
import { writeImages } from './write-images.js';

/** Names inside the ZIP. */
export const REPORT_FILES = {
  json: 'result.json',
  csv: 'velocities.csv',
  svg: 'velocity.svg',
  png: 'velocity.png',
} as const;

/** Measurements of the whole job. */
export type ReportFigures = Pick<TaskResult, 'timings' | 'energy'>;

/** Content of the files of a report. */
export interface ReportFiles<Json> {
  readonly workspace: string;
  readonly plot: string;
  readonly csv: string;
  readonly drawing: ReportDrawing;
  /** Ends the measurements; called once, after all images were drawn. */
  finish(): ReportFigures;
  json(figures: ReportFigures): Json;
}

/** What {@link writeReportFiles} has written. */
interface WrittenReport<Json> extends Required<Pick<TaskResult, 'zipPath' | 'media'>> {
  readonly json: Json;
  readonly figures: ReportFigures;
}

/** Writes plot, CSV, images and JSON to the workspace and packs them into the ZIP. */
export async function writeReportFiles<Json>(files: ReportFiles<Json>): Promise<WrittenReport<Json>> {
  const folder = path.join(files.workspace, 'report');
  await makeFolder(folder);
  const file = (name: string) => path.join(folder, name);
  await writeFile(file(REPORT_FILES.svg), files.plot);
  await writeFile(file(REPORT_FILES.png), await renderSvg(files.plot));
  await writeFile(file(REPORT_FILES.csv), files.csv);
  const images = await writeImages(files.drawing, folder);
  const figures = files.finish();
  const json = files.json(figures);
  await writeFile(file(REPORT_FILES.json), JSON.stringify(json, null, 1));
  const zipPath = path.join(files.workspace, 'result.zip');
  const names = [...Object.values(REPORT_FILES), ...images];
  await writeZip(
    zipPath,
    names.map((name) => ({ name, path: file(name) })),
  );
  return { zipPath, media: mediaAmong(await indexZip(zipPath)), json, figures };
}
