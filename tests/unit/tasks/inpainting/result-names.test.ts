import { resultStems, safeStem } from '../../../../src/tasks/inpainting/result-names.js';

describe('result names', () => {
  it.each([
    ['IMG_0001.jpg', 'IMG_0001'],
    ['holiday/day 1/Sonne.über.HEIC', 'Sonne.über'],
    ['C:\\Users\\me\\shot.png', 'shot'],
    ['v1.final version.png', 'v1.final version'],
    ['写真.webp', '写真'],
    ['Cafe\u0301.png', 'Caf\u00e9'],
    ['a<b>:"c|d?e*.png', 'a_b___c_d_e_'],
    ['..\u202egnp.exe.png', '_gnp.exe'],
    ['con.png', 'con_'],
    ['LPT1.tar.png', 'LPT1.tar_'],
    ['trailing. .png', 'trailing'],
    ['../../etc/passwd', 'passwd'],
    ['...', ''],
  ])('%s becomes %s', (name, stem) => {
    expect(safeStem(name)).toBe(stem);
  });

  it('long names are cut to whole characters', () => {
    expect(safeStem(`${'😀'.repeat(300)}.png`)).toBe('😀'.repeat(120));
  });

  const item = (number: number, name: string, kind: 'image' | 'video' = 'image') => ({
    number,
    name,
    source: { kind, width: 1, height: 1, frameCount: 1, fps: null },
  });

  it('every item has a name of its own, also where upper and lower case are the same', () => {
    const items = [
      item(1, 'a/IMG_0001.jpg'),
      item(2, 'b/img_0001.png'),
      item(3, 'IMG_0001_2.jpg'),
      item(5, '.mp4', 'video'),
      item(6, 'before_after.png'),
    ];
    expect([...resultStems(items)]).toEqual([
      [1, 'IMG_0001'],
      [2, 'img_0001_2'],
      [3, 'IMG_0001_2_2'],
      [5, 'video_5'],
      [6, 'before_after_2'],
    ]);
  });
});
