/**
 * Prepares a checkout to run, with nothing but Node and npm: dependencies, FFmpeg, build. Plain JavaScript without
 * imports from node_modules, which may not be installed yet.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleEntries, bundles } from './bundle.mjs';
import { removeStaleOutputs, SOURCE_FOLDERS, transpileChanged } from './transpile.mjs';

const root = path.resolve(import.meta.dirname, '..');
const MINIMUM_NODE = [20, 19];
const MINIMUM_FFMPEG = [5, 1];
const PROGRESS_MS = 10_000;
/** Timeout for the package registry to respond at all. */
const REGISTRY_MS = 8_000;

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

const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`;

/** Size of a folder in megabytes; `null` when unknown. */
function megabytesOf(folder) {
  const { status, stdout } = spawnSync('du', ['-sk', folder], { encoding: 'utf8' });
  return status === 0 ? Math.round(Number.parseInt(stdout, 10) / 1024) : null;
}

/**
 * Runs a command, captures its output and prints every few seconds that it is still running.
 * @returns its exit status and its output
 */
async function runQuietly(command, args, { env, progress = () => '' }) {
  const startedAt = Date.now();
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const ticking = setInterval(() => say(`  … ${seconds(startedAt)}${progress()}`), PROGRESS_MS);
  const status = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve(null);
    });
    child.once('close', resolve);
  });
  clearInterval(ticking);
  return { status, output };
}

const npmCommand = () => {
  const npm = process.env.npm_execpath;
  return npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
};

/** Why the package registry cannot be reached, or `null`; npm itself would print nothing for minutes. */
async function registryProblem(command, args) {
  const flags = ['ping', '--fetch-retries=0', `--fetch-timeout=${REGISTRY_MS}`, '--loglevel=error'];
  const child = spawn(command, [...args, ...flags], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (text) => (words += text));
  const late = setTimeout(() => child.kill('SIGKILL'), REGISTRY_MS);
  const [status, signal] = await new Promise((resolve) => {
    child.once('error', () => resolve([0, null]));
    child.once('close', (code, sign) => resolve([code, sign]));
  });
  clearTimeout(late);
  if (signal === 'SIGKILL') return `no answer within ${REGISTRY_MS / 1000} s`;
  if (status === 0) return null;
  // A registry without a ping endpoint is still reachable.
  return (
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|FETCH_ERROR)\b/.exec(
      words,
    )?.[1] ?? null
  );
}

/** Number of packages of the lock file that apply to this system. */
function packageCount(lock) {
  const fits = (list, value) =>
    !list ||
    ((list.includes(value) || list.every((item) => item.startsWith('!'))) && !list.includes(`!${value}`));
  return Object.entries(JSON.parse(lock).packages).filter(
    ([name, { os, cpu }]) => name !== '' && fits(os, process.platform) && fits(cpu, process.arch),
  ).length;
}

/** Dependencies are stale when the lock file differs from the one installed last. */
async function installDependencies() {
  const lock = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  const digest = createHash('sha256').update(lock).digest('hex');
  const modules = path.join(root, 'node_modules');
  const stamp = path.join(modules, '.infernode-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const startedAt = Date.now();
  const [command, args] = npmCommand();
  say(`Installing ${packageCount(lock)} npm packages (about 1 GB on disk; a minute or two)…`);
  const problem = await registryProblem(command, args);
  if (problem) say(`The package registry cannot be reached (${problem}); trying npm's cache…`);
  // Not `npm ci`: it rejects a lock file without the optional binaries of other platforms, which npm omits when a
  // registry does not carry them. `--no-save` leaves the lock file unchanged.
  const flags = ['install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  if (problem) flags.push('--offline');
  // ONNX Runtime's postinstall would download CUDA libraries from outside the registry.
  const env = { ...process.env, npm_config_onnxruntime_node_install: 'skip', SCARF_ANALYTICS: 'false' };
  const size = () => (existsSync(modules) ? megabytesOf(modules) : null);
  const progress = () => {
    const megabytes = size();
    return megabytes === null ? '' : `, ${megabytes} MB so far`;
  };
  const { status, output } = await runQuietly(command, [...args, ...flags], { env, progress });
  if (status !== 0 && problem)
    fail(
      `Without the package registry (${problem}) the packages cannot be installed, and npm's cache lacks some.\n` +
        'Connect this machine to the network, or name a proxy or another registry: npm config set proxy|registry URL.',
    );
  if (status !== 0) fail(`npm install failed:\n\n${output.trim()}`);
  writeFileSync(stamp, digest);
  say(`Installed them: ${size() ?? '?'} MB in ${seconds(startedAt)}.`);
}

function versionOf(program) {
  const { status, stdout } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  if (status !== 0) return null;
  // Builds from git report `N-12345-g…` instead of a number; they are newer than any release here.
  const match = /version n?(\d+)\.(\d+)/.exec(stdout);
  return match ? [Number(match[1]), Number(match[2])] : [Infinity, 0];
}

const ffmpegReady = () =>
  [process.env.FFMPEG_PATH || 'ffmpeg', process.env.FFPROBE_PATH || 'ffprobe'].every((program) => {
    const version = versionOf(program);
    return version !== null && !below(version, MINIMUM_FFMPEG);
  });

/** A program named in the settings is never installed: when it is missing, the setting is wrong. */
function checkNamedPrograms() {
  for (const setting of ['FFMPEG_PATH', 'FFPROBE_PATH']) {
    const program = process.env[setting];
    if (!program || ['ffmpeg', 'ffprobe'].includes(program) || versionOf(program) !== null) continue;
    fail(
      `${setting}=${program} is not an executable program. Correct the path, or remove ${setting}: ` +
        'the program on the search path is then used.',
    );
  }
}

async function installFfmpeg() {
  checkNamedPrograms();
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
  const startedAt = Date.now();
  say(`${wanted} is missing: installing it with apt-get (some 150 packages, 500 MB; a minute or two)…`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  await runQuietly('apt-get', ['update', '-qq'], options);
  const { output } = await runQuietly(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', 'ffmpeg'],
    options,
  );
  if (!ffmpegReady())
    fail(
      `${wanted} could not be installed:\n\n${output.trim().split('\n').slice(-10).join('\n')}\n\n` +
        'Try: apt-get update && apt-get install -y ffmpeg',
    );
  say(`Installed FFmpeg in ${seconds(startedAt)}.`);
}

/** Fingerprint of all sources of the build: names, sizes and modification times. */
function sourceFingerprint() {
  const hash = createHash('sha256');
  const visit = (entry) => {
    if (!existsSync(entry)) return;
    const facts = statSync(entry);
    if (facts.isDirectory()) for (const name of readdirSync(entry).sort()) visit(path.join(entry, name));
    else if (/\.(ts|json)$/.test(entry)) hash.update(`${entry}:${facts.size}:${facts.mtimeMs}\n`);
  };
  for (const entry of [...SOURCE_FOLDERS, 'tsconfig.json', 'package-lock.json'])
    visit(path.join(root, entry));
  return hash.digest('hex');
}

async function build() {
  const stamp = path.join(root, 'dist', '.sources');
  const fingerprint = sourceFingerprint();
  if (existsSync(stamp) && existsSync(bundles) && readFileSync(stamp, 'utf8') === fingerprint) return;
  const startedAt = Date.now();
  say('Compiling the TypeScript sources (half a minute the first time)…');
  execFileSync(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', root], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  removeStaleOutputs();
  await bundleEntries();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, fingerprint);
  say(`Compiled in ${seconds(startedAt)}.`);
}

/** Leaves the bundles as they are: a process whose modules have changed starts from its modules, which takes less time. */
async function buildWithoutTypes() {
  const { problems } = await transpileChanged();
  if (problems.length > 0) fail(problems.join(''));
}

/**
 * Prepares the checkout; quick when nothing has changed. Exits with 1 and a clear message on failure.
 * @param types whether the build checks types; without, only changed files are compiled
 */
export async function setUp({ types = true } = {}) {
  checkNode();
  await installDependencies();
  await installFfmpeg();
  if (types) await build();
  else await buildWithoutTypes();
}

if (process.argv.includes('--now')) await setUp();
