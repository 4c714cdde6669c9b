import { pairNames } from '../../../src/services/upload-pairing.js';

const paired = (names: string[]) => pairNames(names).pairs.map(({ source, mask }) => `${source} + ${mask}`);
const alone = (names: string[]) => pairNames(names).alone.map(({ name }) => name);

describe('pairing of archive entries', () => {
  it('goes by folder and number, not by alphabet', () => {
    const names = ['g/image_10.png', 'g/image_2.png', 'g/mask_2.png', 'g/mask_10.png', 'h/image_2.png'];
    expect(paired(names)).toEqual(['g/image_10.png + g/mask_10.png', 'g/image_2.png + g/mask_2.png']);
    expect(alone(names)).toEqual(['h/image_2.png']);
  });

  it('knows the example of the documents', () => {
    const names = [
      ...['group1/image_1.png', 'group1/mask_1.png', 'group1/video_2.mp4', 'group1/mask_2.png'],
      ...['group2/sample_1.jpg', 'group2/mask_1.jpg', 'group2/sample_2.jpeg', 'group2/mask_2.jpeg'],
      ...['group3/clip_1.avi', 'group3/mask_1.png'],
    ];
    expect(paired(names)).toHaveLength(5);
    expect(alone(names)).toEqual([]);
    expect(paired(names)[1]).toBe('group1/video_2.mp4 + group1/mask_2.png');
  });

  it('takes names that differ by "mask" only before numbers', () => {
    const names = ['cat1.png', 'dog1.png', 'cat1_mask.png', 'mask-dog1.png'];
    expect(paired(names)).toEqual(['cat1.png + cat1_mask.png', 'dog1.png + mask-dog1.png']);
  });

  it('takes a lone source and a lone mask of a folder, unless their numbers differ', () => {
    expect(paired(['g/image_3.jpg', 'g/mask_image.png'])).toEqual(['g/image_3.jpg + g/mask_image.png']);
    expect(paired(['g/image_video1.mp4', 'g/mask_video1.avi'])).toHaveLength(1);
    expect(alone(['g/image_1.png', 'g/mask_2.png'])).toEqual(['g/image_1.png', 'g/mask_2.png']);
  });

  it('leaves alone what could belong to several, and says so', () => {
    const { pairs, alone: left } = pairNames(['a_1.png', 'b_1.png', 'mask_1.png']);
    expect(pairs).toEqual([]);
    expect(left).toHaveLength(3);
    expect(left[2].reason).toMatch(/more than one image or video/);
  });

  it('does not take a folder called masks for a mask', () => {
    expect(alone(['masks/image_1.png'])).toEqual(['masks/image_1.png']);
    expect(pairNames(['masks/image_1.png']).alone[0].reason).toMatch(/no mask .*that belongs to it/);
  });

  it.each([
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

  it.each(['masked ball', 'damask', 'unmask it', 'Maskenball', 'mascara', 'cat_m'])(
    '%s is no mask',
    (name) => {
      expect(alone([`${name}.png`, 'photo.png'])).toHaveLength(2);
    },
  );

  it('names in the scripts of the world keep what tells them apart: marks, joiners, emoji', () => {
    const stems = [
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
      '\u0645\u06cc\u062e\u0648\u0627\u0647\u0645',
    ];
    stems.push('\u0915\u0940', '\u0915\u093e', '\u{1f44d}', '\u{1f44e}', '\u{1f44d}\u{1f3fd}');
    stems.push('\u{1f469}\u200d\u{1f4bb} desk', '\u{1f469}\u{1f4bb} desk', '+', '%');
    const names = stems.flatMap((stem) => [`${stem}.png`, `${stem}_mask.png`]);
    expect(paired(names)).toEqual(stems.map((stem) => `${stem}.png + ${stem}_mask.png`));
  });

  it.each([
    ['side by side', ['images/001.png', 'images/002.png', 'masks/001.png', 'masks/002.png']],
    [
      'below another folder',
      ['set/Images/001.jpg', 'set/Images/002.jpg', 'set/Masks/001.png', 'set/Masks/002.png'],
    ],
    ['with folders of their own', ['images/a/1.png', 'images/b/1.png', 'masks/a/1.png', 'masks/b/1.png']],
    ['below their images', ['photos/1.png', 'photos/2.png', 'photos/mask/1.png', 'photos/mask/2.png']],
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

  it('two folders that could hold the source of a mask are not guessed between', () => {
    expect(paired(['a/001.png', 'b/001.png', 'masks/001.png'])).toEqual([]);
  });

  /** Pairs of names of which those in `broken` cannot be opened. */
  const pairedDespite = (broken: readonly string[], names: string[]) =>
    pairNames(names, { isUsable: (name) => !broken.includes(name) }).pairs.map(
      ({ source, mask }) => `${source} + ${mask}`,
    );

  it.each([
    ['a source', ['dog.heic', 'dog_mask.png', 'y.jpg'], 'dog.heic', ['dog.heic + dog_mask.png']],
    ['a source without an ending', ['dog', 'dog_mask.png', 'y.jpg'], 'dog', ['dog + dog_mask.png']],
    ['a mask', ['dog.jpg', 'dog_mask.psd', 'y_mask.png'], 'dog_mask.psd', ['dog.jpg + dog_mask.psd']],
    [
      'one of numbered files',
      ['img001.jpg', 'img002.heic', 'mask001.png', 'mask002.png'],
      'img002.heic',
      ['img001.jpg + mask001.png', 'img002.heic + mask002.png'],
    ],
    [
      'one of a folder',
      ['images/a1.jpg', 'images/b2.heic', 'images/c2.jpg', 'masks/a1.png', 'masks/b2.png'],
      'images/b2.heic',
      ['images/a1.jpg + masks/a1.png', 'images/b2.heic + masks/b2.png'],
    ],
    [
      'the only image that a mask without a name may belong to',
      ['b.heic', 'mask.png', 'y.jpg'],
      'b.heic',
      [],
    ],
    [
      'a double of another format',
      ['dog.heic', 'dog.jpg', 'dog_mask.png'],
      'dog.heic',
      ['dog.jpg + dog_mask.png'],
    ],
    ['notes', ['photo.jpg', 'mask.png', 'photo.json', 'README'], 'README', ['photo.jpg + mask.png']],
  ])('keeps the partner of what cannot be used: %s', (_what, names, broken, expected) => {
    expect(pairedDespite([broken, 'photo.json'], names)).toEqual(expected);
  });

  it.each([
    ['a left mask names another image', ['x.jpg', 'x_mask.png', 'y.jpg', 'dog_mask.png'], 1],
    ['numbers of other images', ['a1.jpg', 'c2.jpg', 'a1_mask.png', 'b2_mask.png'], 1],
    ['the same in folders', ['images/a1.jpg', 'images/c2.jpg', 'masks/a1.png', 'masks/b2.png'], 1],
    ['a series of each', ['take_1.jpg', 'take_2.jpg', 'wire_mask_1.png', 'wire_mask_2.png'], 2],
    ['two formats and nothing that says mask', ['a.jpg', 'a.png'], 0],
  ])('does not pair against the names: %s', (_what, names, count) => {
    expect(paired(names)).toHaveLength(count);
  });

  it.each([
    ['case', ['Cat.jpg', 'cat.jpg', 'Cat_mask.png', 'cat_mask.png']],
    ['separators', ['a b.jpg', 'a_b.jpg', 'a b_mask.png', 'a_b_mask.png']],
    ['numbers of copies', ['photo.jpg', 'photo (1).jpg', 'photo_mask.png', 'photo (1)_mask.png']],
    ['case of the ending', ['IMG_1.jpg', 'IMG_2.JPG', 'IMG_1_mask.PNG', 'IMG_2_mask.png']],
    ['nested folders', ['a/b/1.jpg', 'a/c/1.jpg', 'a/b/1_mask.png', 'a/c/1_mask.png']],
  ])('tells names apart by %s', (_what, names) => {
    expect(paired(names)).toEqual([`${names[0]} + ${names[2]}`, `${names[1]} + ${names[3]}`]);
  });
});
