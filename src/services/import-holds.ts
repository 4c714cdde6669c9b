import type { ImportFile } from '../domain/import.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';
import { releaseHold } from './upload-holds.js';

/** Releases what an unfinished file holds: credits and reserved bytes. Its ledger rows are those of an upload. */
export async function releaseImportFile(
  scope: Pick<TransactionScope, 'ledger' | 'quotas'>,
  file: Pick<ImportFile, 'id' | 'userId' | 'name' | 'held'>,
): Promise<void> {
  await releaseHold(scope, file);
  await scope.quotas.release(file.id);
}

/** The one way a file ends without media. @param file its row under lock, unfinished */
export async function endImportFile(
  scope: Pick<TransactionScope, 'imports' | 'ledger' | 'quotas'>,
  file: ImportFile,
  {
    state,
    problem = null,
  }: { readonly state: 'failed' | 'cancelled'; readonly problem?: ImportFile['problem'] },
): Promise<void> {
  await scope.imports.end(file.id, state, problem);
  await releaseImportFile(scope, file);
}
