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
  /** File inside the repository. */
  path: z.string().regex(/^[\w./-]+\.onnx$/),
  sha256,
  bytes: z.number().int().positive(),
  task: z.string().min(1),
  kind: z.string().min(1),
  description: z.string().min(1),
  /** Where it differs from its repository's. */
  licence: z.string().optional(),
  /** Goes into the manifest as it is; `labels` may name a label set of the catalogue. */
  manifest: z.looseObject({ labels: z.union([z.string(), z.array(z.string())]).optional() }),
});

/** `config/network-catalogue.json`: public networks that `models pull` knows, pinned by digest. */
const catalogueSchema = z
  .strictObject({
    version: z.literal(1),
    /** Where files come from: every URL carries `{path}` and is tried in turn, the digest decides. */
    repositories: z.record(
      z.string(),
      z.strictObject({
        source: z.string(),
        licence: z.string(),
        urls: z.array(z.string().includes('{path}')),
      }),
    ),
    /** Lists of labels; pinned by the revision in their URL, checked by their count. */
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

/** One network of the catalogue with all that is needed to fetch and to describe it. */
export interface CatalogueEntry {
  readonly id: string;
  readonly task: string;
  readonly kind: string;
  readonly description: string;
  readonly licence: string;
  readonly source: string;
  /** Tried in turn. */
  readonly urls: readonly string[];
  /** File name in its repository. */
  readonly fileName: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Fields of the manifest besides those above, without labels. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** The labels themselves, where to get them, or null for networks without. */
  readonly labels: readonly string[] | LabelSet | null;
}

/** A list of labels that is fetched with the network. */
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

/** Reads and checks a catalogue. @throws ZodError for a catalogue that contradicts itself. */
export async function readCatalogue(file: string = CATALOGUE_PATH): Promise<readonly CatalogueEntry[]> {
  const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
  return entriesOf(catalogueSchema.parse(parsed));
}

/** The networks of a catalogue with everything looked up. */
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

/** @throws AppError `NETWORK_UNKNOWN` (not_found) that says where the known ones are listed. */
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
