import { AppError } from '../../errors/app-error.js';
import { describeError } from '../../errors/process-error.js';
import type { Pipeline } from '../../tasks/definition.js';
import type { TaskName } from '../../domain/job.js';
import { runRequest, type FromEngine, type RunRequest } from './protocol.js';

/** Loads the pipeline of a task; only engines do, since it brings ONNX Runtime and FFmpeg with it. */
export type PipelineLoader = (task: TaskName) => Promise<Pipeline<unknown, unknown>>;

/** How the host reaches the outside; the process entry binds it to IPC and `process.exit`. */
export interface JobEngineHostPorts {
  send(message: FromEngine): void;
  /** Ends the process once everything sent has left it. */
  end(): void;
  readonly loadPipeline: PipelineLoader;
}

/** The inside of an engine process: one job at a time, stopped by a signal. */
export class JobEngineHost {
  readonly #ports: JobEngineHostPorts;
  #running: AbortController | undefined;

  constructor(ports: JobEngineHostPorts) {
    this.#ports = ports;
  }

  /** Takes one raw message of the worker: a request to run a job. */
  receive(raw: unknown): void {
    const parsed = runRequest.safeParse(raw);
    if (!parsed.success) {
      const message = `The engine does not understand its order: ${parsed.error.message}`;
      this.#ports.send({ type: 'failed', error: { code: 'BAD_ORDER', message } });
      return;
    }
    void this.#run(parsed.data);
  }

  /** Ends the running job, then the process; an engine that was stopped is never used again. */
  stop(): void {
    if (this.#running)
      this.#running.abort(new AppError('STOPPED', { message: 'The engine was asked to stop.' }));
    else this.#ports.end();
  }

  async #run(order: RunRequest): Promise<void> {
    if (this.#running) {
      this.#ports.send({ type: 'failed', error: { ...BUSY } });
      return;
    }
    const controller = new AbortController();
    this.#running = controller;
    try {
      const pipeline = await this.#ports.loadPipeline(order.task);
      controller.signal.throwIfAborted();
      const result = await pipeline(order.plan, order.params, {
        ...order,
        keepThreads: true,
        signal: controller.signal,
        progress: (progress) => this.#ports.send({ type: 'progress', progress }),
      });
      this.#ports.send({ type: 'done', result });
    } catch (error) {
      this.#ports.send({ type: 'failed', error: describeError(error) });
    } finally {
      this.#running = undefined;
      if (controller.signal.aborted) this.#ports.end();
    }
  }
}

const BUSY = { code: 'ENGINE_BUSY', message: 'The engine already runs a job.' } as const;
