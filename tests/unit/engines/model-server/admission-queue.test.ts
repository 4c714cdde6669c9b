import { ModelAdmissionQueue } from '../../../../src/engines/model-server/admission-queue.js';

const PATIENCE = { signal: new AbortController().signal, timeoutMs: 60_000 };
const serve = (server: string): Promise<string> => Promise.resolve(server);

describe('ModelAdmissionQueue', () => {
  it('gives turns in the order of coming', async () => {
    const queue = new ModelAdmissionQueue<string>();
    const [first, second] = [queue.wait(PATIENCE, serve), queue.wait(PATIENCE, serve)];
    queue.next('one');
    queue.next('two');
    expect(await Promise.all([first, second])).toEqual(['one', 'two']);
    expect(queue.size).toBe(0);
  });

  it('begins the service before the next turn can be given', () => {
    const queue = new ModelAdmissionQueue<string>();
    const begun: string[] = [];
    void queue.wait(PATIENCE, (server) => {
      begun.push(server);
      return serve(server);
    });
    queue.next('one');
    expect(begun).toEqual(['one']);
  });

  it('lets a request that is given up leave at once, with the reason', async () => {
    const queue = new ModelAdmissionQueue<string>();
    const gone = new AbortController();
    const leaving = queue.wait({ ...PATIENCE, signal: gone.signal }, serve);
    const staying = queue.wait(PATIENCE, serve);
    gone.abort(new Error('changed its mind'));
    await expect(leaving).rejects.toThrow('changed its mind');
    queue.next('one');
    expect(await staying).toBe('one');
  });

  it('takes nobody who has given up before', async () => {
    const queue = new ModelAdmissionQueue<string>();
    const waiting = queue.wait({ ...PATIENCE, signal: AbortSignal.abort(new Error('gone')) }, serve);
    await expect(waiting).rejects.toThrow('gone');
    expect(queue.size).toBe(0);
  });

  it('refuses whose time is over, and hands on what is left of it', async () => {
    jest.useFakeTimers();
    try {
      const queue = new ModelAdmissionQueue<string>();
      const late = queue.wait({ ...PATIENCE, timeoutMs: 1000 }, serve);
      const left = queue.wait({ ...PATIENCE, timeoutMs: 5000 }, (_, timeoutMs) => Promise.resolve(timeoutMs));
      const refusal = expect(late).rejects.toMatchObject({ code: 'INFERENCE_TIMEOUT' });
      jest.advanceTimersByTime(2000);
      await refusal;
      queue.next('one');
      expect(await left).toBe(3000);
    } finally {
      jest.useRealTimers();
    }
  });

  it('sends all away', async () => {
    const queue = new ModelAdmissionQueue<string>();
    const waiting = [queue.wait(PATIENCE, serve), queue.wait(PATIENCE, serve)];
    queue.clear(new Error('closed'));
    for (const result of await Promise.allSettled(waiting)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { message: 'closed' } });
    }
  });
});
