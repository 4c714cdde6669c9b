import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { AppError } from '../errors/app-error.js';
import { versionArguments } from './ffmpeg-arguments.js';
import { runFfmpeg } from './ffmpeg-runner.js';
import { PROBE_LIMITS, type ConfinementTools } from '../supervision/confinement.js';

/** Oldest version in which both programs support `-fps_mode` and `-format_whitelist`. */
const MINIMUM_FFMPEG = { major: 5, minor: 1 } as const;

const DEFAULT_SEARCH_PATH = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/opt/homebrew/bin',
  '/opt/local/bin',
].join(delimiter);

/** Configured locations; an empty or missing value means that the program is searched for. */
export interface FfmpegLocation {
  /** Absolute path or bare program name (FFMPEG_PATH). */
  readonly ffmpegPath?: string;
  /** Absolute path or bare program name (FFPROBE_PATH). */
  readonly ffprobePath?: string;
  /** Folders in the format of PATH; the usual system folders by default. */
  readonly searchPath?: string;
}

/** The two programs, located and checked; passed to everything in this folder that runs them. */
export interface FfmpegTools {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  /** As reported by the program, for example `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** Commands that confine the programs; detected by default. */
  readonly confinement?: ConfinementTools;
}

/**
 * Locates ffmpeg and ffprobe and checks that both are at least 5.1.
 * @throws AppError `FFMPEG_MISSING` or `FFMPEG_TOO_OLD`; the message contains the command that installs
 *   FFmpeg.
 */
export async function locateFfmpeg(location: FfmpegLocation = {}): Promise<FfmpegTools> {
  const searchPath = location.searchPath ?? DEFAULT_SEARCH_PATH;
  const ffmpegPath = await findProgram(location.ffmpegPath || 'ffmpeg', searchPath);
  const ffprobePath = await findProgram(location.ffprobePath || 'ffprobe', searchPath);
  const version = await readVersion(ffmpegPath);
  await readVersion(ffprobePath);
  return { ffmpegPath, ffprobePath, version };
}

/** The command that installs FFmpeg on `platform` (a value of `process.platform`). */
export function installCommand(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'darwin') return 'brew install ffmpeg';
  if (platform === 'win32') return 'winget install Gyan.FFmpeg';
  return 'sudo apt-get update && sudo apt-get install -y ffmpeg';
}

/**
 * Version text and numbers in the first line of `ffmpeg -version`; `undefined` for a development build
 * without a version number.
 */
export function parseVersion(firstLine: string): { text: string; major: number; minor: number } | undefined {
  const match = /^ff(?:mpeg|probe) version n?((\d+)\.(\d+)\S*)/.exec(firstLine);
  return match ? { text: match[1], major: Number(match[2]), minor: Number(match[3]) } : undefined;
}

async function findProgram(name: string, searchPath: string): Promise<string> {
  const candidates = isAbsolute(name)
    ? [name]
    : searchPath.split(delimiter).map((folder) => join(folder, name));
  for (const candidate of candidates) {
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return candidate;
  }
  throw new AppError('FFMPEG_MISSING', {
    message: `The program ${name} was not found. Install FFmpeg 5.1 or newer: ${installCommand()}`,
  });
}

async function readVersion(path: string): Promise<string> {
  const { stdout } = await runFfmpeg({
    command: path,
    args: versionArguments(),
    limits: PROBE_LIMITS,
    wallClockMs: 10_000,
  });
  const firstLine = stdout.toString('utf8').split('\n', 1)[0];
  const version = parseVersion(firstLine);
  // Git builds report "N-12345-gabcdef", which cannot be compared; they are assumed to be recent.
  if (!version && /^ff(?:mpeg|probe) version \S+/.test(firstLine)) return firstLine.split(' ')[2];
  const newEnough =
    version !== undefined &&
    (version.major > MINIMUM_FFMPEG.major ||
      (version.major === MINIMUM_FFMPEG.major && version.minor >= MINIMUM_FFMPEG.minor));
  if (newEnough) return version.text;
  throw new AppError('FFMPEG_TOO_OLD', {
    message: `FFmpeg ${version?.text ?? 'of unknown version'} is too old; 5.1 or newer is needed: ${installCommand()}`,
  });
}
