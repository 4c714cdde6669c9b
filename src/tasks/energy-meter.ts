import { readdirSync, readFileSync } from 'node:fs';
import type { EnergyReport } from '../domain/job.js';
import type { PowerAssumptions } from './definition.js';

const RAPL_ROOT = '/sys/class/powercap';
const JOULES_PER_KWH = 3_600_000;

/** Reads the energy counters of the processor packages (Linux powercap); `null` when they cannot be read. */
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
 * Starts an energy measurement. Where the machine measures energy (RAPL), the energy of the whole package is attributed
 * to the job, which is correct for a dedicated worker and too high on a shared machine. Otherwise energy is estimated
 * as the CPU time of this process times the power of a core.
 * @returns a function that ends the measurement and reports joules, grams of CO2 equivalent and the method
 */
export function startEnergyMeter({ cpuWatts, carbonGramsPerKwh }: PowerAssumptions): () => EnergyReport {
  const cpuBefore = process.cpuUsage();
  const raplBefore = readRapl();
  const grams = (joules: number) => (joules / JOULES_PER_KWH) * carbonGramsPerKwh;
  return (): EnergyReport => {
    const raplAfter = readRapl();
    if (raplBefore && raplAfter) {
      const difference = raplAfter.joules - raplBefore.joules;
      // The counters wrap around at their maximum.
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
