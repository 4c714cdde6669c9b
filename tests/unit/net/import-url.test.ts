import { importUrlProblem, s3ObjectOf } from '../../../src/net/import-url.js';

const policy = { allowPrivate: false, s3Buckets: ['photos', 'my.clips'] };

describe('URLs of imports', () => {
  it.each([
    ['s3://photos/a.png', { bucket: 'photos', key: 'a.png' }],
    ['s3://my.clips/2026/05/a clip?.mp4', { bucket: 'my.clips', key: '2026/05/a clip?.mp4' }],
    ['s3://photos/%41#1', { bucket: 'photos', key: '%41#1' }],
    ['s3://photos//é', { bucket: 'photos', key: '/é' }],
  ])('%s names an object by its key as it is', (url, object) => {
    expect(importUrlProblem(url, policy)).toBeUndefined();
    expect(s3ObjectOf(url)).toEqual(object);
  });

  it.each([
    ['s3://other/a.png', /bucket "other", from which this installation does not import/],
    ['s3://PHOTOS/a.png', /bucket "PHOTOS"/],
    ['s3://photos@other/a.png', /bucket "photos@other"/],
    ['s3://photos', /form s3:\/\/bucket\/key/],
    ['s3:photos/a.png', /form s3:\/\/bucket\/key/],
    ['s3:///a.png', /form s3:\/\/bucket\/key/],
    ['s3://photos/', /not a bucket or folder/],
    ['s3://photos/folder/', /not a bucket or folder/],
    ['s3://photos/../other/a.png', /segments/],
    ['s3://photos/a/./b', /segments/],
    ['s3://photos/a\nb', /control characters/],
    [`s3://photos/${'é'.repeat(600)}`, /at most 1024 bytes/],
    [`s3://photos/${'a'.repeat(4000)}`, /at most 2048 characters/],
    ['file:///etc/passwd', /must start with https:/],
    ['http://127.0.0.1/', /private, local or reserved/],
  ])('%.40s is refused', (url, problem) => {
    expect(importUrlProblem(url, policy)).toMatch(problem);
  });

  it('no bucket is open by default', () => {
    expect(importUrlProblem('s3://photos/a.png', { allowPrivate: true, s3Buckets: [] })).toMatch(
      /imports from no bucket/,
    );
  });
});
