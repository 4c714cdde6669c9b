import type { AppError } from '../../../../src/errors/app-error.js';
import { readOnnxFacts } from '../../../../src/networks/runtime/onnx-facts.js';
import { openOnnxSession } from '../../../../src/networks/runtime/onnx-session.js';
import { explainLoadFailure, refuseUnloadable } from '../../../../src/networks/runtime/refuse-unloadable.js';
import { tidyRuntimeMessage } from '../../../../src/networks/runtime/runtime-message.js';
import { writeOnnx, type GraphSpec, type ModelSpec } from '../../../factories/onnx/onnx-model.js';
import { requireLinear } from '../../../support/bounded-work.js';

const x = { name: 'x', dims: [1, 3] };
const y = { name: 'y', dims: [1, 3] };

const oneNode = (op: string, rest: Partial<ModelSpec> & { readonly domain?: string } = {}): Uint8Array =>
  writeOnnx({
    nodes: [{ op, domain: rest.domain, inputs: ['x'], outputs: ['y'] }],
    inputs: [x],
    outputs: [y],
    ...rest,
  });

/** As a network is opened: looked at, loaded, and its refusal explained. */
async function refusalOf(model: Uint8Array): Promise<AppError> {
  const facts = readOnnxFacts(model);
  try {
    refuseUnloadable(model, facts);
    await (await openOnnxSession({ model, device: 'cpu' })).close();
  } catch (error) {
    return explainLoadFailure(error, facts) as AppError;
  }
  throw new Error('it was loaded');
}

describe('a file that the runtime refuses', () => {
  it.each<[string, Uint8Array, string, RegExp]>([
    [
      'a newer operator set',
      oneNode('Relu', { opset: 99 }),
      'NETWORK_OPSET_UNSUPPORTED',
      /^The network has operator set ai\.onnx 99, but the runtime supports versions up to \d+: export it again with an older one\.$/,
    ],
    [
      'a newer IR version',
      oneNode('Relu', { irVersion: 99 }),
      'NETWORK_OPSET_UNSUPPORTED',
      /^The file has IR version 99, but the runtime supports versions up to \d+: export it again with an older one\.$/,
    ],
    [
      'an operator that does not exist',
      oneNode('FooBar'),
      'NETWORK_UNKNOWN_OPERATORS',
      /operator FooBar, which operator set 18 does not have/,
    ],
    [
      "one of the runtime's own that does not exist",
      oneNode('FooBar', { domain: 'com.microsoft' }),
      'NETWORK_UNKNOWN_OPERATORS',
      /com\.microsoft:FooBar\.$/,
    ],
    [
      'an operator of long ago',
      oneNode('Relu', { opset: 1 }),
      'NETWORK_OPSET_UNSUPPORTED',
      /ai\.onnx 1\).*export it again with a newer operator set.*Relu\(1\)/,
    ],
  ])('for %s is told what to do', async (_what, model, code, message) => {
    const error = await refusalOf(model);
    expect([error.code, error.kind]).toEqual([code, 'invalid']);
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/onnxruntime_src|std::/);
  });

  /** So many branches of If within each other. */
  const nested = (levels: number): GraphSpec => ({
    nodes: [
      levels === 0
        ? { op: 'Relu', inputs: ['x'], outputs: ['y'] }
        : { op: 'If', inputs: ['c'], outputs: ['y'], graphs: { then_branch: nested(levels - 1) } },
    ],
    inputs: levels === 0 ? [] : [x],
    outputs: [y],
  });
  const nestedModel = (levels: number) => writeOnnx(nested(levels));

  it('for its depth is told so, and not about data in other files', async () => {
    const error = await refusalOf(nestedModel(22));
    expect(error.code).toBe('NETWORK_TOO_DEEP');
    expect(error.message).toMatch(/at most 21 levels of graphs/);
    expect((await refusalOf(nestedModel(20))).code).not.toBe('NETWORK_TOO_DEEP');
  });
});

describe('a message of the runtime', () => {
  it.each([
    [
      '/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n',
      'Unsupported model IR version: 99, max supported IR version: 13',
    ],
    [
      '/onnxruntime_src/a.h:46 void a::b::Check(const std::map<std::string, int>&, int) const The reason (with more) is here.',
      'The reason (with more) is here.',
    ],
    ['/onnxruntime_src/a.cc:1 It failed (3)', 'It failed (3)'],
    ['/onnxruntime_src/a.cc:7 bool a::F(int) x > 0 was false. x must be positive', 'x must be positive'],
    ['Plain words', 'Plain words'],
  ])('keeps its reason: %s', (message, reason) => {
    expect(tidyRuntimeMessage(message)).toBe(reason);
  });

  it('of any length is read at once', () => {
    requireLinear(() => {
      expect(tidyRuntimeMessage('/onnxruntime_src/a:1 '.repeat(200_000)).length).toBeLessThan(20);
      expect(tidyRuntimeMessage(' '.repeat(5_000_000)).length).toBeLessThanOrEqual(300);
    });
  });
});
