/** Means of one method over the photos with one kind of hole. */
export interface QualityRow {
  readonly mask: string;
  readonly method: string;
  readonly images: number;
  readonly psnr: number;
  readonly ssim: number;
  readonly l1: number;
  readonly gradient: number;
  readonly grid: number;
  readonly perc?: number;
  readonly ptex?: number;
  readonly seconds: number;
  readonly msPerMegapixel: number;
  readonly knownChanged: number;
}

/** Processor milliseconds of each method on one image of 512x512 with one kind of hole. */
export interface TimingRow {
  readonly mask: string;
  readonly share: number;
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** Output of the scoring script. */
export interface Scores {
  readonly rows: readonly QualityRow[];
  readonly timing: readonly TimingRow[];
}

/** One requirement and its measured value. */
interface Bar {
  readonly text: string;
  readonly value: number;
  readonly limit: number;
}

const NETWORK_GAIN: Readonly<Record<string, number>> = { thin: 0.7, wide: 0.4, box: 0.2 };
const PERC_GAIN: Readonly<Record<string, number>> = { wide: 0.2, box: 0.14 };
const PTEX_GAIN: Readonly<Record<string, number>> = { wide: 0.5, box: 0.4 };

/** Formats the table of all rows and, below it, every requirement with its measured value. */
export function printQuality(rows: readonly QualityRow[]): string {
  const masks = [...new Set(rows.map(({ mask }) => mask))];
  const lines = masks.flatMap((mask) => {
    const own = rows.filter((row) => row.mask === mask);
    return ['', `### ${mask} (${String(own[0].images)} photos)`, '', ...HEADER, ...own.map(tableLine)];
  });
  const bars = masks.flatMap((mask) =>
    barsOf(
      rows.filter((row) => row.mask === mask),
      mask,
    ),
  );
  const judged = bars.map(({ text, value, limit }) => {
    const verdict = value >= limit ? 'reached' : 'MISSED';
    return `- ${verdict}: ${text}: ${value.toFixed(2)} (at least ${limit.toFixed(2)})`;
  });
  return `${[...lines, '', '### Bars', '', ...judged].join('\n')}\n`;
}

/** Formats the times at 512x512 of one run, and their ratios to Telea's (native). */
export function printTiming(rows: readonly TimingRow[]): string {
  const methods = Object.keys(rows[0].milliseconds);
  const head = rows.map(({ mask, share }) => `${mask} (${(share * 100).toFixed(0)} %): ms, ms/MP, x Telea`);
  const lines = methods.map((method) => {
    const cells = rows.map(({ milliseconds }) => {
      const time = milliseconds[method];
      const telea = time / milliseconds['telea (native OpenCV)'];
      return `${time.toFixed(0)}, ${(time / (0.512 * 0.512)).toFixed(0)}, ${telea.toFixed(1)}`;
    });
    return `| ${[method, ...cells].join(' | ')} |`;
  });
  const rule = `|${'---|'.repeat(rows.length + 1)}`;
  return [
    '',
    '### Time at 512x512, one thread, best of 3',
    '',
    `| method | ${head.join(' | ')} |`,
    rule,
    ...lines,
    '',
  ].join('\n');
}

const HEADER = [
  '| method | PSNR dB | SSIM | L1 | gradient | grid | perc | ptex | CPU s | CPU ms/MP | known changed |',
  '|---|---|---|---|---|---|---|---|---|---|---|',
];

function tableLine(row: QualityRow): string {
  const cells = [
    row.method,
    row.psnr.toFixed(2),
    row.ssim.toFixed(4),
    row.l1.toFixed(2),
    row.gradient.toFixed(2),
    row.grid.toFixed(3),
    row.perc?.toFixed(2) ?? '',
    row.ptex?.toFixed(1) ?? '',
    row.seconds.toFixed(3),
    row.msPerMegapixel.toFixed(0),
    String(row.knownChanged),
  ];
  return `| ${cells.join(' | ')} |`;
}

function barsOf(rows: readonly QualityRow[], mask: string): Bar[] {
  const by = (method: string): QualityRow | undefined => rows.find((row) => row.method === method);
  const network = by('unet');
  const smooth = by('pushpull');
  const chosen = by('default_inpainting');
  const bars: Bar[] = [];
  if (network && smooth) {
    const gain = network.psnr - smooth.psnr;
    bars.push({ text: `${mask}: network over push-pull, dB`, value: gain, limit: NETWORK_GAIN[mask] });
    const similarity = (network.ssim - smooth.ssim) * 1000;
    bars.push({ text: `${mask}: network over push-pull, SSIM x 1000`, value: similarity, limit: 0 });
  }
  if (network && chosen && mask !== 'thin') bars.push(...defaultBars(network, chosen, mask));
  return bars;
}

function defaultBars(network: QualityRow, chosen: QualityRow, mask: string): Bar[] {
  const bars: Bar[] = [
    { text: `${mask}: default against network, dB`, value: chosen.psnr - network.psnr, limit: -1 },
    { text: `${mask}: default, 0.1 less grid`, value: 0.1 - chosen.grid, limit: 0 },
  ];
  if (network.perc !== undefined && chosen.perc !== undefined) {
    const gain = 1 - chosen.perc / network.perc;
    bars.push({
      text: `${mask}: default's perc below network's, share`,
      value: gain,
      limit: PERC_GAIN[mask],
    });
  }
  if (network.ptex !== undefined && chosen.ptex !== undefined) {
    const gain = 1 - chosen.ptex / network.ptex;
    bars.push({
      text: `${mask}: default's ptex below network's, share`,
      value: gain,
      limit: PTEX_GAIN[mask],
    });
  }
  return bars;
}
