import { proxySize } from '../../../../src/media/previews/proxy.js';
import { thumbnailWidths } from '../../../../src/media/previews/thumbnails.js';

describe('the size of a playable copy', () => {
  it.each([
    ['is that of the video where it is small', [640, 360], [640, 360]],
    ['has even sides', [641, 361], [640, 360]],
    ['is 1080p at most', [3840, 2160], [1920, 1080]],
    ['is 1080p at most in portrait', [2160, 3840], [1080, 1920]],
    ['keeps the aspect of wide videos', [4096, 1024], [1920, 480]],
    ['keeps the aspect of narrow videos', [1440, 1440], [1080, 1080]],
    ['has two pixels at least', [16_384, 16], [1920, 2]],
  ])('%s', (_what, [width, height], expected) => {
    const size = proxySize({ width, height });
    expect([size.width, size.height]).toEqual(expected);
  });
});

describe('thumbnails', () => {
  it.each([
    [4000, [160, 320, 640]],
    [640, [160, 320, 640]],
    [321, [160, 320, 640]],
    [320, [160, 320]],
    [20, [160]],
  ])('of an image %i pixels wide have the nominal widths %j', (width, expected) => {
    expect(thumbnailWidths({ width })).toEqual(expected);
  });
});
