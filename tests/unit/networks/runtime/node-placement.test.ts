import { countPlacement, judgePlacement } from '../../../../src/networks/runtime/node-placement.js';

const nodeOn = (provider: string) => ({ cat: 'Node', args: { provider, op_name: 'Add' } });

describe('node placement', () => {
  it('counts executed nodes by provider and nothing else', () => {
    const events = [
      { cat: 'Session', name: 'model_run' },
      nodeOn('WebGpuExecutionProvider'),
      nodeOn('WebGpuExecutionProvider'),
      nodeOn('CPUExecutionProvider'),
      { cat: 'Node', args: { op_name: 'Add' } },
      { cat: 'Api', args: { provider: 'WebGpuExecutionProvider' } },
      null,
    ];
    expect(countPlacement(events)).toEqual({ cpu: 1, cuda: 0, webgpu: 2 });
    expect(countPlacement('no list')).toEqual({ cpu: 0, cuda: 0, webgpu: 0 });
  });

  it.each([
    [{ cpu: 0, cuda: 0, webgpu: 10 }, true],
    [{ cpu: 4, cuda: 0, webgpu: 6 }, true],
    [{ cpu: 7, cuda: 0, webgpu: 3 }, false],
    [{ cpu: 10, cuda: 0, webgpu: 0 }, false],
    [{ cpu: 0, cuda: 0, webgpu: 0 }, false],
  ])('%j counts as WebGPU: %p', (placement, ok) => {
    expect(judgePlacement('webgpu', placement).ok).toBe(ok);
  });
});
