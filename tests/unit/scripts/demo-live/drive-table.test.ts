import { summariseDrives, summaryLine, timesLine } from '../../../../scripts/demo-live/drive-table.js';

const end = (arrived: boolean, millimetres: number, degrees: number) => ({
  arrived,
  millimetres,
  degrees,
  frames: 40,
  lost: 0,
  times: [],
});

describe('the summary of the live demo', () => {
  it('counts the starts that did not arrive in its medians as well', () => {
    const summary = summariseDrives([end(true, 0.5, 0.02), end(true, 0.7, 0.04), end(false, 500, 30)]);
    expect(summary).toMatchObject({
      runs: 3,
      arrived: 2,
      millimetres: 0.7,
      degrees: 0.04,
      worstMillimetres: 500,
    });
    expect(summaryLine(summary)).toContain('2 of 3 arrived (67 %); median 0.70 mm and 0.040°');
  });

  it('shows the median time of each stage', () => {
    const frame = (detect: number) => ({
      ...{ queue: 0, decode: 2, detect, match: 3, network: 4, total: detect + 9 },
      roundTrip: detect + 11,
    });
    expect(timesLine([frame(10), frame(20), frame(90)])).toBe(
      'median of 3 frames in the server: decode 2.0, detect 20.0, match 3.0, network 4.0, queue 0.0, total 29.0 ms; ' +
        '31.0 ms from the frame to its answer in the client',
    );
  });
});
