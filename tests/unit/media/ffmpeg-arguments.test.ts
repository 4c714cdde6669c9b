import {
  frameIndexArguments,
  frameStreamArguments,
  packetListArguments,
  streamProbeArguments,
  type GuardedInput,
} from '../../../src/media/ffmpeg-arguments.js';

const input: GuardedInput = { path: '/data/-i concat:x%03d.mp4', container: 'webm', maxPixels: 1000 };
const frames = { input, count: 5, size: { width: 64, height: 48 }, format: 'gray' as const };

describe('ffmpeg arguments', () => {
  it.each([
    ['stream probe', streamProbeArguments(input)],
    ['packet list', packetListArguments(input)],
    ['frame stream', frameStreamArguments({ ...frames, seekSeconds: 1.5 })],
    ['frame index', frameIndexArguments(input, 5)],
  ])('%s: every guard stands before the file, and the file is one word that is a URL', (_name, args) => {
    const at = args.indexOf('file:/data/-i concat:x%03d.mp4');
    expect(at).toBeGreaterThan(0);
    const before = args.slice(0, at).join(' ');
    expect(before).toContain(
      '-protocol_whitelist file -format_whitelist mov,avi,matroska,webm,mpegts,mpeg,gif -f matroska -max_pixels 1000',
    );
  });

  it('asks for one thread, no sound, no invented frames, raw grey pixels', () => {
    expect(frameStreamArguments(frames).join(' ')).toBe(
      '-hide_banner -nostdin -v error -threads 1 -filter_threads 1 -dts_delta_threshold 1e12 -dts_error_threshold 1e12 -protocol_whitelist file -format_whitelist mov,avi,matroska,webm,mpegts,mpeg,gif ' +
        '-f matroska -max_pixels 1000 -i file:/data/-i concat:x%03d.mp4 -map 0:V:0 -an -sn -dn ' +
        '-vf scale=64:48:flags=area,format=gray -fps_mode passthrough -frames:v 5 -f rawvideo -threads 1 pipe:1',
    );
  });

  it('seeks before the input, skips before it selects, selects before it scales', () => {
    const args = frameStreamArguments({
      ...frames,
      seekSeconds: 1.02,
      skipSeconds: 0.1,
      select: 'not(mod(n,3))',
    });
    expect(args[args.indexOf('-ss') + 1]).toBe('1.020000');
    expect(args.indexOf('-ss')).toBeLessThan(args.indexOf('-i'));
    expect(args[args.indexOf('-vf') + 1]).toBe(
      "select='gte(t,0.100000)',select='not(mod(n,3))',scale=64:48:flags=area,format=gray",
    );
  });

  it('refuses a relative path, which FFmpeg could read as an option or URL', () => {
    expect(() => streamProbeArguments({ ...input, path: 'concat:a.mp4' })).toThrow(/absolute/);
  });
});
