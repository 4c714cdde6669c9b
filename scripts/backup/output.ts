import cliProgress from 'cli-progress';

export const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes with the unit that suits it. */
export function sizeOf(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Progress of a command: a bar on a terminal, else a line every tenth. */
export interface Progress {
  update(share: number): void;
  end(): void;
}

const STEP = 10;

export function openProgress(): Progress {
  if (!process.stdout.isTTY) {
    let shown = 0;
    return {
      update: (share) => {
        const percent = Math.floor((share * 100) / STEP) * STEP;
        if (percent > shown) say(`  ${(shown = percent)} %`);
      },
      end: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar({ format: '  {bar} {percentage} %', hideCursor: true });
  bar.start(100, 0);
  return { update: (share) => bar.update(Math.round(share * 100)), end: () => bar.stop() };
}
