import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../src/errors/app-error.js';
import { NETWORK_ID } from '../../src/networks/store/manifest.js';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const urls = z.array(z.url()).min(1);

const network = z.strictObject({
  id: z.string().regex(NETWORK_ID),
  repository: z.string(),
  /** Path of the file in the repository. */
  path: z.string().regex(/^[\w./-]+\.onnx$/),
  sha256,
  bytes: z.number().int().positive(),
  task: z.string().min(1),
  kind: z.string().min(1),
  description: z.string().min(1),
  /** Licence, when it differs from that of its repository. */
  licence: z.string().optional(),
  /** Copied to the manifest; `labels` may refer to a label set of the catalogue. */
  manifest: z.looseObject({ labels: z.union([z.string(), z.array(z.string())]).optional() }),
});

/** `config/network-catalogue.json`: public networks available to `models pull`, pinned by digest. */
const catalogueSchema = z
  .strictObject({
    version: z.literal(1),
    /** Sources of files: every URL contains `{path}`; they are tried in order and verified by digest. */
    repositories: z.record(
      z.string(),
      z.strictObject({
        source: z.string(),
        licence: z.string(),
        urls: z.array(z.string().includes('{path}')),
      }),
    ),
    /** Label lists; pinned by the revision in their URL and verified by their count. */
    labelSets: z.record(z.string(), z.strictObject({ count: z.number().int(), file: z.string(), urls })),
    networks: z.array(network),
  })
  .superRefine(({ networks, repositories, labelSets }, context) => {
    const ids = new Set<string>();
    for (const { id, repository, manifest } of networks) {
      const problem = (message: string) => context.addIssue({ code: 'custom', message: `${id}: ${message}` });
      if (ids.has(id)) problem('is there twice');
      ids.add(id);
      if (!Object.hasOwn(repositories, repository)) problem(`its repository ${repository} is not described`);
      if (typeof manifest.labels === 'string' && !Object.hasOwn(labelSets, manifest.labels)) {
        problem(`its labels ${manifest.labels} are not described`);
      }
    }
  });

/** See {@link catalogueSchema}. */
type CatalogueFile = z.infer<typeof catalogueSchema>;

/** One network of the catalogue with everything needed to download and describe it. */
export interface CatalogueEntry {
  readonly id: string;
  readonly task: string;
  readonly kind: string;
  readonly description: string;
  readonly licence: string;
  readonly source: string;
  /** Tried in order. */
  readonly urls: readonly string[];
  /** File name in its repository. */
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Further manifest fields, without labels. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The labels, their source, or `null` for networks without labels. */
  readonly labels: readonly string[] | LabelSet | null;
}

/** A label list that is downloaded with the network. */
export interface LabelSet {
  readonly name: string;
  readonly count: number;
  readonly file: string;
  readonly urls: readonly string[];
}

/** The catalogue of this installation. */
const CATALOGUE_PATH = path.resolve(
  import.meta.dirname,
  '..',
  '..',
  '..',
  'config',
  'network-catalogue.json',
);

/**
 * Reads and validates a catalogue.
 * @throws ZodError for an inconsistent catalogue
 */
export async function readCatalogue(file: string = CATALOGUE_PATH): Promise<readonly CatalogueEntry[]> {
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
  return entriesOf(catalogueSchema.parse(parsed));
}

/** The networks of a catalogue with all references resolved. */
function entriesOf({ networks, repositories, labelSets }: CatalogueFile): readonly CatalogueEntry[] {
  return networks.map(({ repository, path: inside, manifest: { labels, ...manifest }, ...network }) => ({
    ...network,
    manifest,
    licence: network.licence ?? repositories[repository].licence,
    source: repositories[repository].source,
    urls: repositories[repository].urls.map((url) => url.replace('{path}', inside)),
    fileName: path.posix.basename(inside),
    labels: typeof labels === 'string' ? { name: labels, ...labelSets[labels] } : (labels ?? null),
  }));
}

/**
 * Finds a network of the catalogue.
 * @throws AppError `NETWORK_UNKNOWN` (not_found) with similar names
 */
export function requireEntry(entries: readonly CatalogueEntry[], id: string): CatalogueEntry {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry !== undefined) return entry;
  const close = entries
    .filter((candidate) => candidate.id.startsWith(id.slice(0, 5)))
    .map(({ id: name }) => name);
  throw new AppError('NETWORK_UNKNOWN', {
    message: `The catalogue has no network ${id}${close.length > 0 ? ` (but ${close.join(', ')})` : ''}; "models list" shows all.`,
    details: { id },
  });
}
