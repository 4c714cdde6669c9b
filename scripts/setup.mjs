/**
 * Makes a checkout ready to run, with nothing but Node and npm: dependencies, FFmpeg, the build.
 * Plain JavaScript without imports from node_modules, since those may not be there yet.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const MINIMUM_NODE = [20, 19];
const MINIMUM_FFMPEG = [5, 1];

const say = (text) => process.stderr.write(`${text}\n`);
const fail = (text) => {
  say(`\n${text}\n`);
  process.exit(1);
};
const below = ([major, minor], [wantMajor, wantMinor]) =>
  major < wantMajor || (major === wantMajor && minor < wantMinor);

function checkNode() {
  const version = process.versions.node.split('.').map(Number);
  if (below(version, MINIMUM_NODE))
    fail(`Node ${process.versions.node} is too old: InferNode needs ${MINIMUM_NODE.join('.')} or newer.`);
}

/** Dependencies are stale when the lock file is not the one that was installed last. */
function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = path.join(root, 'node_modules', '.infernode-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing dependencies…');
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  // Not `npm ci`: it refuses a lock file without the optional binaries of other platforms, which npm leaves out when a
  // registry does not carry them. `--no-save` keeps the lock file as it is.
  const flags = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // ONNX Runtime's postinstall would download CUDA libraries from outside the registry.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip', SCARF_ANALYTICS: 'false' };
  const { status } = spawnSync(command, [...args, ...flags], { cwd: root, stdio: ['ignore', 2, 2], env });
  if (status !== 0) fail('npm install failed; its messages are above.');
  writeFileSync(stamp, lock);
}

function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  if (status !== 0) return null;
  // Builds from git say `N-12345-g…` instead of a number; they are newer than any release here.
  const match = /version n?(\d+)\.(\d+)/.exec(stdout);
  return match ? [Number(match[1]), Number(match[2])] : [Infinity, 0];
}

const ffmpegReady = () =>
  [process.env.FFMPEG_PATH || 'ffmpeg', process.env.FFPROBE_PATH || 'ffprobe'].every((program) => {
    const version = versionOf(program);
    return version !== null && !below(version, MINIMUM_FFMPEG);
  });

function installFfmpeg() {
  if (ffmpegReady()) return;
  const wanted = `FFmpeg ${MINIMUM_FFMPEG.join('.')} or newer (ffmpeg and ffprobe)`;
  const apt = existsSync('/usr/bin/apt-get');
  if (!apt || process.getuid?.() !== 0) {
    const command =
      process.platform === 'darwin'
        ? 'brew install ffmpeg'
        : apt
          ? 'sudo apt-get update && sudo apt-get install -y ffmpeg'
          : 'your package manager: install ffmpeg';
    fail(`${wanted} is missing. Install it and try again:\n\n  ${command}`);
  }
  say(`${wanted} is missing: installing it with apt-get…`);
  const options = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  spawnSync('apt-get', ['update', '-qq'], options);
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'ffmpeg'], options);
  if (!ffmpegReady())
    fail(`${wanted} could not be installed. Try: apt-get update && apt-get install -y ffmpeg`);
}

/** A fingerprint of all sources that the build reads: names, sizes and times of change. */
function sourceFingerprint() {
  const hash = createHash('sha256');
  const visit = (entry) => {
    if (!existsSync(entry)) return;
    const facts = statSync(entry);
    if (facts.isDirectory()) for (const name of readdirSync(entry).sort()) visit(path.join(entry, name));
    else if (/\.(ts|json)$/.test(entry)) hash.update(`${entry}:${facts.size}:${facts.mtimeMs}\n`);
  };
  for (const folder of ['src', 'tests', 'scripts', 'benchmarks', 'tsconfig.json', 'package-lock.json'])
    visit(path.join(root, folder));
  return hash.digest('hex');
}

function build() {
  const stamp = path.join(root, 'dist', '.sources');
  const fingerprint = sourceFingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return;
  say('Building…');
  execFileSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
}

/** Brings the checkout into a runnable state; quick when it already is. Exits 1 with a clear message otherwise. */
export function setUp() {
  checkNode();
  installDependencies();
  installFfmpeg();
  build();
}

if (process.argv.includes('--now')) setUp();
