/** Holds what waits to be sent: the newest alone. */
export class LatestFrame {
  #waiting: Uint8Array | null = null;
  #dropped = 0;

  /** Frames that were replaced before they were sent. */
  get dropped(): number {
    return this.#dropped;
  }

  put(message: Uint8Array): void {
    if (this.#waiting !== null) this.#dropped += 1;
    this.#waiting = message;
  }

  take(): Uint8Array | null {
    const message = this.#waiting;
    this.#waiting = null;
    return message;
  }
}
