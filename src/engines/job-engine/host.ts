import { AppError } from '../../errors/app-error.js';
import { describeError } from '../../errors/process-error.js';
import type { Pipeline } from '../../tasks/definition.js';
import type { TaskName } from '../../domain/job.js';
import { runRequest, type FromEngine, type RunRequest } from './protocol.js';

/** Loads the pipeline of a task. Only engines do so, because it loads ONNX Runtime and FFmpeg code. */
export type PipelineLoader = (task: TaskName) => Promise<Pipeline<unknown, unknown>>;

/** Connections of the host to its process; the entry point binds them to IPC and `process.exit`. */
export interface JobEngineHostPorts {
  send(message: FromEngine): void;
  /** Ends the process once everything was sent. */
  end(): void;
  readonly loadPipeline: PipelineLoader;
}

/** The engine side of a job engine process: runs one job at a time and can be stopped. */
export class JobEngineHost {
  readonly #ports: JobEngineHostPorts;
  #running: AbortController | undefined;

  constructor(ports: JobEngineHostPorts) {
    this.#ports = ports;
  }

  /** Handles a raw message of the worker: a request to run a job. */
  receive(raw: unknown): void {
    const parsed = runRequest.safeParse(raw);
    if (!parsed.success) {
      const message = `The engine received an invalid run request: ${parsed.error.message}`;
      this.#ports.send({ type: 'failed', error: { code: 'BAD_ORDER', message } });
      return;
    }
    void this.#run(parsed.data);
  }

  /** Stops the running job, then the process; a stopped engine is never reused. */
  stop(): void {
    if (this.#running)
      this.#running.abort(new AppError('STOPPED', { message: 'The engine was asked to stop.' }));
    else this.#ports.end();
  }

  async #run(request: RunRequest): Promise<void> {
    if (this.#running) {
      this.#ports.send({ type: 'failed', error: { ...BUSY } });
      return;
    }
    const controller = new AbortController();
    this.#running = controller;
    try {
      const pipeline = await this.#ports.loadPipeline(request.task);
      controller.signal.throwIfAborted();
      const result = await pipeline(request.plan, request.params, {
        ...request,
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

const BUSY = { code: 'ENGINE_BUSY', message: 'The engine is already running a job.' } as const;
