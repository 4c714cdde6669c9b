import { readdirSync, readFileSync } from 'node:fs';
import type { EnergyReport } from '../domain/job.js';
import type { PowerAssumptions } from './definition.js';

const RAPL_ROOT = '/sys/class/powercap';
const JOULES_PER_KWH = 3_600_000;

/** Energy counters of the processor packages in microjoules (Linux powercap); null where they cannot be read. */
function readRapl(): { readonly joules: number; readonly wrapJoules: number } | null {
  try {
    const packages = readdirSync(RAPL_ROOT).filter((name) => /^intel-rapl:\d+$/.test(name));
    if (packages.length === 0) return null;
    const read = (name: string, file: string) =>
      Number(readFileSync(`${RAPL_ROOT}/${name}/${file}`, 'utf8')) / 1e6;
    const sum = (file: string) => packages.reduce((total, name) => total + read(name, file), 0);
    return { joules: sum('energy_uj'), wrapJoules: sum('max_energy_range_uj') };
  } catch {
    return null;
  }
}

/**
 * Starts measuring. Where the machine counts its energy (RAPL) the whole package is charged to the job, which is right
 * for a worker of its own and too much on a shared machine; otherwise busy seconds of this process times the watts of a core.
 * @returns a function that ends the measurement and says joules, grams of CO2 equivalent and how they were found
 */
export function startEnergyMeter({ cpuWatts, carbonGramsPerKwh }: PowerAssumptions): () => EnergyReport {
  const cpuBefore = process.cpuUsage();
  const raplBefore = readRapl();
  const grams = (joules: number) => (joules / JOULES_PER_KWH) * carbonGramsPerKwh;
  return (): EnergyReport => {
    const raplAfter = readRapl();
    if (raplBefore && raplAfter) {
      const difference = raplAfter.joules - raplBefore.joules;
      // The counters start again at zero now and then.
      const joules = difference >= 0 ? difference : difference + raplAfter.wrapJoules;
      return { joules, carbonGrams: grams(joules), method: 'rapl', figures: { carbonGramsPerKwh } };
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuSeconds = (user + system) / 1e6;
    const joules = cpuSeconds * cpuWatts;
    return {
      joules,
      carbonGrams: grams(joules),
      method: 'estimate',
      figures: { cpuSeconds, cpuWatts, carbonGramsPerKwh },
    };
  };
}
