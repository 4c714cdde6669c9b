import { describe, expect, test } from '@jest/globals';
import { pairNames } from '../../../src/services/upload-pairing.js';

const paired = (names: string[]) => pairNames(names).pairs.map(({ source, mask }) => `${source} + ${mask}`);
const alone = (names: string[]) => pairNames(names).alone.map(({ name }) => name);

describe('pairing of archive entries', () => {
  test('goes by folder and number, not by alphabet', () => {
    const names = ['g/image_10.png', 'g/image_2.png', 'g/mask_2.png', 'g/mask_10.png', 'h/image_2.png'];
    expect(paired(names)).toEqual(['g/image_10.png + g/mask_10.png', 'g/image_2.png + g/mask_2.png']);
    expect(alone(names)).toEqual(['h/image_2.png']);
  });

  test('knows the example of the documents', () => {
    const names = [
      ...['group1/image_1.png', 'group1/mask_1.png', 'group1/video_2.mp4', 'group1/mask_2.png'],
      ...['group2/sample_1.jpg', 'group2/mask_1.jpg', 'group2/sample_2.jpeg', 'group2/mask_2.jpeg'],
      ...['group3/clip_1.avi', 'group3/mask_1.png'],
    ];
    expect(paired(names)).toHaveLength(5);
    expect(alone(names)).toEqual([]);
    expect(paired(names)[1]).toBe('group1/video_2.mp4 + group1/mask_2.png');
  });

  test('takes names that differ by "mask" only before numbers', () => {
    const names = ['cat1.png', 'dog1.png', 'cat1_mask.png', 'mask-dog1.png'];
    expect(paired(names)).toEqual(['cat1.png + cat1_mask.png', 'dog1.png + mask-dog1.png']);
  });

  test('takes a lone source and a lone mask of a folder, unless their numbers differ', () => {
    expect(paired(['g/image_3.jpg', 'g/mask_image.png'])).toEqual(['g/image_3.jpg + g/mask_image.png']);
    expect(paired(['g/image_video1.mp4', 'g/mask_video1.avi'])).toHaveLength(1);
    expect(alone(['g/image_1.png', 'g/mask_2.png'])).toEqual(['g/image_1.png', 'g/mask_2.png']);
  });

  test('leaves alone what could belong to several, and says so', () => {
    const { pairs, alone: left } = pairNames(['a_1.png', 'b_1.png', 'mask_1.png']);
    expect(pairs).toEqual([]);
    expect(left).toHaveLength(3);
    expect(left[2].reason).toMatch(/more than one image or video/);
  });

  test('does not take a folder called masks for a mask', () => {
    expect(alone(['masks/image_1.png'])).toEqual(['masks/image_1.png']);
    expect(pairNames(['masks/image_1.png']).alone[0].reason).toMatch(/no mask/);
  });

  test.each([
    ['cat_mask', 'cat'],
    ['mask_cat', 'cat'],
    ['cat-mask', 'cat'],
    ['cat (mask)', 'cat'],
    ['cat.mask', 'cat'],
    ['CAT_MASK', 'cat'],
    ['catMask', 'cat'],
    ['catmask', 'cat'],
    ['cat.jpg_mask', 'cat'],
    ['Katze Maske', 'Katze'],
    ['chat_masque', 'chat'],
    ['gato máscara', 'gato'],
    ['猫マスク', '猫'],
    ['猫_遮罩', '猫'],
    ['masked ball_mask', 'masked ball'],
    ['Venetian mask_mask', 'Venetian mask'],
    ['Gr\u00fcn_mask', 'Gru\u0308n'],
  ])('%s is the mask of %s', (mask, source) => {
    // Others are there, so that nothing is paired because it is left over.
    const names = [`${source}.png`, 'other.png', `${mask}.png`, 'third.png'];
    expect(paired(names)).toEqual([`${source}.png + ${mask}.png`]);
  });

  test.each(['masked ball', 'damask', 'unmask it', 'Maskenball', 'mascara', 'cat_m'])(
    '%s is no mask',
    (name) => {
      expect(alone([`${name}.png`, 'photo.png'])).toHaveLength(2);
    },
  );

  test('names in the scripts of the world keep what tells them apart: marks, joiners, emoji', () => {
    const stems = [
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      '\u0645\u06cc\u062e\u0648\u0627\u0647\u0645',
    ];
    stems.push('\u0915\u0940', '\u0915\u093e', '\u{1f44d}', '\u{1f44e}', '\u{1f44d}\u{1f3fd}');
    stems.push('\u{1f469}\u200d\u{1f4bb} desk', '\u{1f469}\u{1f4bb} desk', '+', '%');
    const names = stems.flatMap((stem) => [`${stem}.png`, `${stem}_mask.png`]);
    expect(paired(names)).toEqual(stems.map((stem) => `${stem}.png + ${stem}_mask.png`));
  });

  test.each([
    ['side by side', ['images/001.png', 'images/002.png', 'masks/001.png', 'masks/002.png']],
    [
      'below another folder',
      ['set/Images/001.jpg', 'set/Images/002.jpg', 'set/Masks/001.png', 'set/Masks/002.png'],
    ],
    ['with folders of their own', ['images/a/1.png', 'images/b/1.png', 'masks/a/1.png', 'masks/b/1.png']],
    ['below their pictures', ['photos/1.png', 'photos/2.png', 'photos/mask/1.png', 'photos/mask/2.png']],
    [
      'with the word in the names too',
      ['images/x.png', 'images/y.png', 'masks/x_mask.png', 'masks/y_mask.png'],
    ],
    [
      'with numbers only in common',
      ['images/image_1.png', 'images/image_2.png', 'masks/m1.png', 'masks/m2.png'],
    ],
  ])('folders for masks: %s', (_what, names) => {
    expect(paired(names)).toEqual([`${names[0]} + ${names[2]}`, `${names[1]} + ${names[3]}`]);
  });

  test('two folders that could hold the source of a mask are not guessed between', () => {
    expect(paired(['a/001.png', 'b/001.png', 'masks/001.png'])).toEqual([]);
  });
});
