import type { MediaRole } from '../domain/dataset.js';
import {
  refusedReport,
  shownWarnings,
  type AcceptedFile,
  type AcceptedItem,
  type FileReport,
} from './upload-inspection.js';
import type { NamePair } from './upload-pairing.js';

/** Reports of both files of an accepted pair. */
export function reportsOf({ source, mask }: AcceptedItem, entries: NamePair): FileReport[] {
  const stored = (file: AcceptedFile, role: MediaRole): FileReport => ({
    entry: role === 'source' ? entries.source : entries.mask,
    outcome: 'stored',
    name: file.name,
    role,
    pairedWith: role === 'source' ? entries.mask : entries.source,
    frames: file.frameCount,
    ...(file.hole && {
      holeShare: file.hole.share,
      nonBinaryShare: file.hole.nonBinaryShare,
      maskReading: file.hole.reading,
    }),
    ...(shownWarnings(file).length > 0 && { warnings: shownWarnings(file) }),
  });
  return [stored(source, 'source'), ...(mask ? [stored(mask, 'mask')] : [])];
}

/** A file without a partner. */
export const unpaired = (entry: string, reason: string): FileReport => ({
  entry,
  outcome: 'refused',
  code: 'UNPAIRED',
  reason,
});

/** The report of a file for which a mask for several files cannot be used. @throws errors not caused by the files */
export function maskRefused(entry: string, mask: string, error: unknown): FileReport {
  const { code, reason = '' } = refusedReport(entry, error);
  const isNamed = code?.startsWith('MASK_') ?? false;
  return { entry, outcome: 'refused', code, reason: isNamed ? reason : `Mask "${mask}": ${reason}` };
}

/** The report of a usable file whose partner is unusable. */
export const partnerRefused = (entry: string, pairedWith: string): FileReport => ({
  entry,
  outcome: 'refused',
  code: 'PARTNER_REFUSED',
  reason: `Its partner ${pairedWith} cannot be used.`,
  pairedWith,
});
