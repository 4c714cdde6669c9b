import { filmstripFrames, filmstripVtt, sheetsOf, tileOf } from '../../../src/domain/filmstrip.js';

describe('frames of a filmstrip', () => {
  it.each([
    [1, [0]],
    [2, [0, 1]],
    [99, [0, 98]],
    [100, [0, 99]],
    [101, [0, 100]],
    [102, [0, 100, 101]],
  ])('of a video of %i frames', (frameCount, expected) => {
    expect(filmstripFrames(frameCount)).toEqual(expected);
  });

  it('are every 100th below 2400 frames, and the last', () => {
    const frames = filmstripFrames(2399);
    expect(frames).toHaveLength(25);
    expect(frames.slice(0, 3)).toEqual([0, 100, 200]);
    expect(frames.slice(-2)).toEqual([2300, 2398]);
  });

  it('are every 300th from 2400 frames on, and the last', () => {
    expect(filmstripFrames(2400)).toEqual([0, 300, 600, 900, 1200, 1500, 1800, 2100, 2399]);
    expect(filmstripFrames(2401)).toEqual([0, 300, 600, 900, 1200, 1500, 1800, 2100, 2400]);
  });

  it('name the last frame once', () => {
    for (let frameCount = 1; frameCount <= 3000; frameCount += 1) {
      const frames = filmstripFrames(frameCount);
      expect(frames.at(-1)).toBe(frameCount - 1);
      expect(new Set(frames).size).toBe(frames.length);
    }
  });
});

describe('the tiles of a filmstrip', () => {
  const tile = { width: 160, height: 90, columns: 10, perSheet: 100 };

  it('fill rows, then sheets', () => {
    expect(tileOf(0, tile)).toEqual({ sheet: 0, left: 0, top: 0 });
    expect(tileOf(9, tile)).toEqual({ sheet: 0, left: 1440, top: 0 });
    expect(tileOf(10, tile)).toEqual({ sheet: 0, left: 0, top: 90 });
    expect(tileOf(99, tile)).toEqual({ sheet: 0, left: 1440, top: 810 });
    expect(tileOf(100, tile)).toEqual({ sheet: 1, left: 0, top: 0 });
  });

  const filmstrip = {
    frames: [
      { index: 0, seconds: 0 },
      { index: 100, seconds: 4 },
      { index: 199, seconds: 3725.9996 },
    ],
    durationSeconds: 3726.04,
    width: 1920,
    height: 1080,
    tile,
  };

  it('are named by cues that follow each other to the end of the video', () => {
    expect(filmstripVtt(filmstrip, (sheet) => `sheets/${sheet}`)).toBe(`WEBVTT

00:00:00.000 --> 00:00:04.000
sheets/0#xywh=0,0,160,90

00:00:04.000 --> 01:02:06.000
sheets/0#xywh=160,0,160,90

01:02:06.000 --> 01:02:06.040
sheets/0#xywh=320,0,160,90
`);
    expect(sheetsOf(filmstrip)).toBe(1);
  });

  it('have cues that end after they start', () => {
    const frozen = { ...filmstrip, frames: [{ index: 0, seconds: 0 }], durationSeconds: 0 };
    expect(filmstripVtt(frozen, String)).toContain('00:00:00.000 --> 00:00:00.001');
  });
});
