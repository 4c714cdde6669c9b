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
});
