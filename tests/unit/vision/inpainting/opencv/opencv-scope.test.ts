import { withOpenCvScope } from '../../../../../src/vision/inpainting/opencv/opencv-scope.js';

describe('withOpenCvScope', () => {
  const recorder = () => {
    const freed: string[] = [];
    return { freed, make: (name: string) => ({ name, delete: () => void freed.push(name) }) };
  };

  it('frees what it was given, last made first, and returns the result', () => {
    const { freed, make } = recorder();
    const result = withOpenCvScope((scope) => {
      const image = scope.own(make('image'));
      scope.own(make('mask'));
      expect(freed).toEqual([]);
      return image.name.length;
    });
    expect(result).toBe(5);
    expect(freed).toEqual(['mask', 'image']);
  });

  it('frees also when the work throws', () => {
    const { freed, make } = recorder();
    const work = (): never =>
      withOpenCvScope((scope) => {
        scope.own(make('image'));
        throw new Error('no memory');
      });
    expect(work).toThrow('no memory');
    expect(freed).toEqual(['image']);
  });
});
