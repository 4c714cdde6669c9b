/** A probability that was stated, and whether it came true. */
export interface Forecast {
  readonly stated: number;
  readonly right: boolean;
}

/** Forecasts of one range of stated probabilities. */
interface ReliabilityBin {
  readonly count: number;
  /** Mean of the stated probabilities. */
  readonly stated: number;
  /** Share that came true, and its 95 % interval (Wilson). */
  readonly observed: number;
  readonly interval: readonly [number, number];
}

/** How far stated probabilities can be believed. */
export interface Reliability {
  readonly count: number;
  /** Means over all forecasts: of the stated probabilities, and the share that came true. */
  readonly stated: number;
  readonly observed: number;
  readonly bins: readonly ReliabilityBin[];
  /** Mean distance between stated and observed, bins weighted by their counts. */
  readonly calibrationError: number;
  /** Mean squared error of the probabilities, and of the constant that knows the overall share. */
  readonly brier: number;
  readonly brierOfConstant: number;
}

const BINS = 10;
const Z95 = 1.96;

/** Compares stated probabilities with what came true, in ten ranges of equal width; empty ones are left out. */
export function reliabilityOf(forecasts: readonly Forecast[]): Reliability {
  const bins = Array.from({ length: BINS }, (_, k) =>
    forecasts.filter(({ stated }) => Math.min(BINS - 1, Math.floor(stated * BINS)) === k),
  )
    .filter((own) => own.length > 0)
    .map(binOf);
  const count = forecasts.length;
  const share = mean(forecasts.map(({ right }) => Number(right)));
  const squares = (value: (one: Forecast) => number): number =>
    mean(forecasts.map((one) => (value(one) - Number(one.right)) ** 2));
  return {
    count,
    stated: mean(forecasts.map(({ stated }) => stated)),
    observed: share,
    bins,
    calibrationError:
      bins.reduce((sum, bin) => sum + bin.count * Math.abs(bin.stated - bin.observed), 0) /
      Math.max(1, count),
    brier: squares(({ stated }) => stated),
    brierOfConstant: squares(() => share),
  };
}

function binOf(own: readonly Forecast[]): ReliabilityBin {
  const count = own.length;
  const observed = mean(own.map(({ right }) => Number(right)));
  const square = Z95 * Z95;
  const middle = (observed + square / (2 * count)) / (1 + square / count);
  const reach =
    (Z95 / (1 + square / count)) *
    Math.sqrt((observed * (1 - observed)) / count + square / (4 * count * count));
  return {
    count,
    stated: mean(own.map(({ stated }) => stated)),
    observed,
    interval: [Math.max(0, middle - reach), Math.min(1, middle + reach)],
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
