import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { detectConfinementTools, PROBE_LIMITS } from '../../../src/supervision/confinement.js';
import { installCommand, locateFfmpeg, parseVersion } from '../../../src/media/ffmpeg-locate.js';
import { failureDetails, FfmpegChild, runFfmpeg, type ChildSpec } from '../../../src/media/ffmpeg-runner.js';
import { ffmpeg, makeClipFolder, type ClipFolder } from '../../factories/videos/clips.js';

let folder: ClipFolder;
beforeAll(async () => {
  folder = await makeClipFolder();
});
afterAll(() => folder.remove());

/** A shell script in the place of ffmpeg: the runner does not care what it runs. */
function script(text: string, more: Partial<ChildSpec> = {}): ChildSpec {
  return { command: '/bin/sh', args: ['-c', text], limits: PROBE_LIMITS, ...more };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('runFfmpeg', () => {
  it('hands back output and exit code', async () => {
    const { stdout, end } = await runFfmpeg(script('echo out; echo err >&2; exit 3'));
    expect(stdout.toString()).toBe('out\n');
    expect(end).toMatchObject({ exitCode: 3, exitSignal: null, stderr: 'err\n' });
  });

  it('keeps the last 64 KB of stderr', async () => {
    const { end } = await runFfmpeg(
      script('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done >&2'),
    );
    expect(end.stderr.length).toBe(64 * 1024);
    expect(end.stderr.endsWith('line 19999\n')).toBe(true);
  });

  it('keeps nothing of our environment', async () => {
    process.env.SECRET_FOR_TEST = 'hunter2';
    const { stdout } = await runFfmpeg(script('env'));
    delete process.env.SECRET_FOR_TEST;
    expect(stdout.toString()).not.toContain('hunter2');
  });

  it('kills after the wall-clock limit, even a child that ignores SIGTERM', async () => {
    const stubborn = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';
    // On a busy machine the shell may be stopped before it ignores anything; then it gets more time.
    for (let wallClockMs = 100, ignores = false; !ignores; wallClockMs *= 4) {
      const child = new FfmpegChild(script(stubborn, { wallClockMs }));
      const [said, end] = await Promise.all([text(child.stdout), child.ended]);
      ignores = said.includes('ready');
      expect(end).toMatchObject({ stoppedBy: 'timeout', ...(ignores && { exitSignal: 'SIGKILL' }) });
    }
    await expect(runFfmpeg(script('exec sleep 60', { wallClockMs: 50 }))).rejects.toMatchObject({
      code: 'MEDIA_TIMEOUT',
      kind: 'timeout',
    });
  });

  it('ends with the reason of the abort signal', async () => {
    const abort = new AbortController();
    const running = runFfmpeg(script('exec sleep 60', { signal: abort.signal }));
    abort.abort(new Error('job cancelled'));
    await expect(running).rejects.toThrow('job cancelled');
  });

  it('stops a child that talks too much', async () => {
    await expect(runFfmpeg(script('yes'), 1000)).rejects.toMatchObject({ code: 'RESOURCE_LIMIT' });
  });

  it('says when the program is not there', async () => {
    const spec = {
      ...script(''),
      command: '/nonexistent/ffmpeg',
      confinement: { setpriv: false, prlimit: false },
    };
    await expect(runFfmpeg(spec)).rejects.toMatchObject({ code: 'FFMPEG_NOT_STARTED', kind: 'unavailable' });
  });

  it('hides file names in what it reports', () => {
    const stderr = "file:/data/media/0f/0f: Invalid data found; '/etc/passwd' too";
    const details = failureDetails({ exitCode: 1, exitSignal: null, stderr, stoppedBy: undefined });
    expect(details.stderr).toBe("<file>: Invalid data found; '<file>' too");
  });
});

const confined = detectConfinementTools();
(confined.prlimit && confined.setpriv ? describe : describe.skip)('a confined child', () => {
  it('is killed when its processor time is used up', async () => {
    const limits = { ...PROBE_LIMITS, cpuSeconds: 1 };
    await expect(runFfmpeg(script('while :; do :; done', { limits }))).rejects.toMatchObject({
      code: 'RESOURCE_LIMIT',
      kind: 'invalid',
    });
  });

  it('cannot write a file', async () => {
    const { end } = await runFfmpeg(script(`trap "" XFSZ; echo x > ${folder.file('written')}`));
    expect(end.exitCode).not.toBe(0);
  });

  it('cannot take more memory than it may', async () => {
    const path = folder.file('large.mp4');
    const source = ['-f', 'lavfi', '-i', 'color=black:s=8192x8192:r=1:d=1'];
    await ffmpeg(...source, '-c:v', 'libx264', '-preset', 'ultrafast', path);
    const { ffmpegPath } = await locateFfmpeg();
    const input = ['-nostdin', '-v', 'error', '-threads', '1', '-i', path];
    const decode = {
      command: ffmpegPath,
      args: [...input, '-frames:v', '1', '-f', 'framecrc', '-'],
      wallClockMs: 60_000,
    };
    const enough = await runFfmpeg({ ...decode, limits: PROBE_LIMITS });
    expect(enough.end.exitCode).toBe(0);
    const limits = { ...PROBE_LIMITS, addressSpaceBytes: 300_000_000 };
    await expect(runFfmpeg({ ...decode, limits })).rejects.toMatchObject({
      code: 'RESOURCE_LIMIT',
      kind: 'invalid',
    });
  });

  it('dies with a parent that is killed', async () => {
    const runner = new URL('../../../src/media/ffmpeg-runner.js', import.meta.url).href;
    const parentScript = `
      const { FfmpegChild } = await import(${JSON.stringify(runner)});
      const limits = ${JSON.stringify(PROBE_LIMITS)};
      console.log(new FfmpegChild({ command: '/bin/sleep', args: ['60'], limits }).pid);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', parentScript], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'close');
    // The kernel sends the signal while it takes the parent down; the child may still be on its way out.
    while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe('locateFfmpeg', () => {
  it('finds the programs and their version', async () => {
    const tools = await locateFfmpeg();
    expect(tools.ffmpegPath).toMatch(/^\/.*\/ffmpeg$/);
    expect(parseVersion(`ffmpeg version ${tools.version}`)?.major).toBeGreaterThanOrEqual(5);
  });

  it('says how to install a missing or too old one', async () => {
    const missing = locateFfmpeg({ ffmpegPath: folder.file('nothing') });
    await expect(missing).rejects.toMatchObject({ code: 'FFMPEG_MISSING', kind: 'unavailable' });
    await expect(missing).rejects.toThrow(installCommand());
    const old = folder.file('ffmpeg');
    await writeFile(old, '#!/bin/sh\necho "ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright"\n');
    await chmod(old, 0o755);
    await expect(locateFfmpeg({ ffmpegPath: old })).rejects.toMatchObject({ code: 'FFMPEG_TOO_OLD' });
    await expect(locateFfmpeg({ ffmpegPath: old })).rejects.toThrow(/4\.4\.2.*5\.1 or newer.*ffmpeg/);
  });

  it('names the command of each system', () => {
    expect(installCommand('linux')).toContain('apt-get install -y ffmpeg');
    expect(installCommand('darwin')).toBe('brew install ffmpeg');
  });
});
