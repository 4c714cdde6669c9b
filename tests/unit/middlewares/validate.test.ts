import { z } from 'zod';
import { parseFlatMetadata } from '../../../src/networks/catalogue/flat-network.js';
import { AppError } from '../../../src/errors/app-error.js';
import { validateEntry } from '../../../src/middlewares/validate.js';
import { classificationOperations } from '../../../src/schemas/classification.schema.js';
import { inferenceOperations } from '../../../src/schemas/inference.schema.js';
import { authOperations } from '../../../src/schemas/auth.schema.js';

const UUID = '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c';

/** What is said of each place of a value that does not fit. */
function complaints(schema: z.ZodType, value: unknown): Record<string, string> {
  try {
    validateEntry(schema, value, '');
  } catch (error) {
    if (error instanceof AppError)
      return Object.fromEntries(error.issues.map(({ pointer, message }) => [pointer, message]));
  }
  throw new Error('nothing was found wrong');
}

const execute = classificationOperations.execute.body.schema;
const create = inferenceOperations.create.body.schema;
const login = authOperations.login.body.schema;

describe('what is found wrong with a field', () => {
  it('names the value that was given, and the limit', () => {
    const options = { top_k: 0, threshold: 1.5, timeout: 700_000, all_classes: 'yes' };
    const found = complaints(execute, { model_id: 'Big Net', execution_mode: 'async', options });
    expect(found).toEqual({
      '/model_id': 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-" (given "Big Net")',
      '/execution_mode': 'must be "sync" (given "async")',
      '/options/top_k': 'must be at least 1 (given 0)',
      '/options/threshold': 'must be at most 1 (given 1.5)',
      '/options/timeout': 'must be at most 600000 (given 700000)',
      '/options/all_classes': 'must be true or false, not a string (given "yes")',
    });
  });

  it('repeats no secret, no data and no long text', () => {
    const secrets = z.object({
      password: z.string().max(3),
      newPassword: z.literal('a'),
      refreshToken: z.literal('a'),
      clientSecret: z.literal('a'),
      data: z.literal('a'),
      nested: z.object({ token: z.array(z.number()) }),
    });
    const hidden = 'correct horse';
    const given = {
      password: hidden,
      newPassword: hidden,
      refreshToken: hidden,
      clientSecret: hidden,
      data: hidden,
    };
    const found = complaints(secrets, { ...given, nested: { token: [hidden] } });
    expect(Object.keys(found)).toHaveLength(6);
    expect(JSON.stringify(found)).not.toMatch(/horse|given/);
    expect(JSON.stringify(complaints(login, { email: 'a@example.com', password: 5 }))).not.toContain('5');
    const long = complaints(z.object({ name: z.string().max(3) }), { name: 'x'.repeat(61) });
    expect(long).toEqual({ '/name': 'must have at most 3 characters (given 61 characters)' });
    const list = complaints(z.object({ tags: z.array(z.string()).max(1) }), { tags: ['a', 'b'] });
    expect(list).toEqual({ '/tags': 'must have at most 1 entry (given 2 entries)' });
  });

  it('says that a value is required where there is none', () => {
    expect(complaints(execute, {})).toEqual({ '/model_id': 'is required' });
    expect(complaints(create, { task: 'classification', datasetId: UUID, parameters: {} })).toEqual({
      '/parameters/modelId': 'is required',
    });
    const choice = z.strictObject({ mode: z.enum(['any', 'all']), at: z.union([z.number(), z.boolean()]) });
    expect(complaints(choice, {})).toEqual({
      '/mode': 'is required and must be one of "any", "all"',
      '/at': 'is required',
    });
    // Null stands there, although it is no value.
    expect(complaints(choice, { mode: null, at: 1 })).toEqual({
      '/mode': 'must be one of "any", "all", not null',
    });
  });

  it.each([
    ['frame_step', 'frameStep'],
    ['FRAMESTEP', 'frameStep'],
    ['framStep', 'frameStep'],
    ['fraemStep', 'frameStep'],
    ['step', 'frameStep'],
    ['useGpu', 'useGpus'],
    ['detektor', 'detector'],
    ['intrinsic', 'intrinsics'],
  ])('for the unknown field %s it names %s', (given, meant) => {
    const found = complaints(create, { datasetId: UUID, parameters: { [given]: 1 } });
    expect(found).toEqual({ [`/parameters/${given}`]: expect.stringContaining(`Did you mean "${meant}"?`) });
    expect(found[`/parameters/${given}`]).toContain(
      'Known are: startFrame, endFrame, goalFrameId, frameStep,',
    );
  });

  it('for an unknown field names its right place, or only what is known', () => {
    expect(complaints(create, { datasetId: UUID, startFrame: 1, price: 0 })).toEqual({
      '/startFrame':
        'is not a known field. Did you mean "parameters.startFrame"? Known are: task, datasetId, parameters, range, priority, webhook, expiresIn.',
      '/price':
        'is not a known field. Known are: task, datasetId, parameters, range, priority, webhook, expiresIn.',
    });
  });

  it('a body of very many problems is told twenty of them', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`frameStep${index}`, 1]));
    const found = complaints(create, { datasetId: UUID, parameters: many });
    expect(Object.keys(found)).toHaveLength(21);
    expect(found['']).toBe('and 19980 more problems');
    expect(JSON.stringify(found).length).toBeLessThan(20_000);
  });

  it('names the choices of a task and of an input', () => {
    expect(complaints(create, { task: 'sorting', datasetId: UUID })).toEqual({
      '/task': 'must be one of "cns", "inpainting", "classification", "detection" (given "sorting")',
    });
    expect(complaints(execute, { model_id: 'a', input: { type: 'film' } })).toEqual({
      '/input/type': 'must be one of "image", "media", "tensor" (given "film")',
    });
    expect(complaints(execute, { model_id: 'a', input: {} })).toEqual({
      '/input/type': 'is required and must be one of "image", "media", "tensor"',
    });
  });

  it('speaks of what the task has a range of', () => {
    const range = (task: string) =>
      complaints(create, { task, datasetId: UUID, range: '1-', parameters: { modelId: 'a' } })['/range'];
    expect(range('classification')).toBe(
      'must be "all" or "a-b" over the images in upload order, from 0 (given "1-")',
    );
    expect(range('cns')).toContain('over the videos');
  });

  it('names the presets of a network, also where no request is checked', () => {
    const metadata = { model_type: 'image_classification', input_shape: [1, 3, 8, 8] };
    const parse = () => parseFlatMetadata({ ...metadata, preprocessing: 'imagnet' });
    expect(parse).toThrow(/preprocessing: must be one of "imagenet", .*, or an object \(given "imagnet"\)/);
  });

  it('of a choice whose outer form is right says what is wrong inside', () => {
    const schema = z.object({ a: z.union([z.enum(['x', 'y']), z.object({ mean: z.number().min(1) })]) });
    expect(complaints(schema, { a: { mean: 'x' } })).toEqual({
      '/a': 'mean must be a number, not a string (given "x")',
    });
    expect(complaints(schema, { a: 3 })).toEqual({
      '/a': 'must be one of "x", "y", or an object (given 3)',
    });
  });
});
