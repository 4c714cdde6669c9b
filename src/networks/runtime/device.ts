import type { DeviceReport, DeviceRequest, DeviceUsed } from '../../domain/job.js';
import { AppError, messageOf } from '../../errors/app-error.js';
import type { ErrorCode } from '../../errors/codes.js';

/** The requested device. */
export interface DevicePreference {
  readonly device: DeviceRequest;
  /**
   * With `auto`: whether GPUs are tried before the CPU (default true). A device requested by name is always
   * tried.
   */
  readonly useGpus?: boolean;
  /**
   * Whether to fail instead of falling back (default false): from a named device to another, or with `auto`
   * and `useGpus` to the CPU.
   */
  readonly strict?: boolean;
}

/** A successful attempt on a device. */
export interface DeviceAttempt<T> {
  readonly value: T;
  /** Evidence that the device really works, for the report. */
  readonly reason: string;
}

/** Devices in order of preference. */
const PREFERENCE: readonly DeviceUsed[] = ['cuda', 'webgpu', 'cpu'];

/**
 * Devices that may be used, best first. A named GPU that is missing may be replaced by the other kind, then
 * by the CPU.
 */
export function deviceCandidates({
  device,
  useGpus = true,
  strict = false,
}: DevicePreference): readonly DeviceUsed[] {
  if (device === 'cpu' || (device === 'auto' && !useGpus)) return ['cpu'];
  if (device === 'auto') return strict ? ['cuda', 'webgpu'] : PREFERENCE;
  return strict ? [device] : [device, ...PREFERENCE.filter((other) => other !== device)];
}

/** Whether a slower device than the requested one was used. */
export const isDegraded = ({ requested, used, attempts }: DeviceReport): boolean =>
  requested === 'auto' ? used === 'cpu' && attempts.length > 1 : requested !== used;

/**
 * Tries the candidates in order until one works, and records why the others did not.
 * @param attempt opens the network on a device; its rejection is the reason why the device was not used.
 *   Errors on the CPU, and errors that are clearly the network's fault, such as a wrong digest, are rethrown.
 * @throws AppError `DEVICE_NOT_AVAILABLE` (invalid: retrying on this machine cannot help) when `strict`
 *   leaves no working candidate
 */
export async function chooseDevice<T>(
  preference: DevicePreference,
  attempt: (device: DeviceUsed) => Promise<DeviceAttempt<T>>,
): Promise<{ readonly value: T; readonly report: DeviceReport }> {
  const attempts: { device: DeviceUsed; ok: boolean; reason: string }[] = [];
  for (const device of deviceCandidates(preference)) {
    try {
      const trial = await attempt(device);
      attempts.push({ device, ok: true, reason: trial.reason });
      const reason = describeChoice(preference, attempts);
      return { value: trial.value, report: { requested: preference.device, used: device, reason, attempts } };
    } catch (error) {
      if (device === 'cpu' || !mayBeDevice(error)) throw error;
      attempts.push({ device, ok: false, reason: messageOf(error) });
    }
  }
  const refusals = listRefusals(attempts);
  throw new AppError('DEVICE_NOT_AVAILABLE', {
    message: `No device for device=${preference.device} works here, and strict forbids another one. ${refusals}`,
    details: { requested: preference.device, attempts },
    issues: [{ pointer: '/device', code: 'DEVICE_NOT_AVAILABLE', message: refusals }],
  });
}

/** Errors that may be specific to a device. */
const DEVICE_FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'DEVICE_REFUSED',
  'DEVICE_RUN_FAILED',
  'NETWORK_RUN_FAILED',
]);
const mayBeDevice = (error: unknown): boolean =>
  !(error instanceof AppError) || DEVICE_FAULTS.has(error.code);

function describeChoice(
  { device, useGpus = true }: DevicePreference,
  attempts: DeviceReport['attempts'],
): string {
  const last = attempts[attempts.length - 1];
  const refusals = listRefusals(attempts);
  if (last.device !== 'cpu') return `${last.device}: ${last.reason}. ${refusals}`.trim();
  if (refusals !== '') return `The CPU was used instead. ${refusals}`;
  return device === 'auto' && !useGpus ? 'GPUs were not requested.' : 'The CPU was requested.';
}

const listRefusals = (attempts: DeviceReport['attempts']): string =>
  attempts
    .filter(({ ok }) => !ok)
    .map(({ device, reason }) => `${device}: ${reason.replace(/\.$/, '')}.`)
    .join(' ');
