/** A bucket of messages that fills again with time; what overflows it is a flood. */
export class MessageBudget {
  private tokens: number;
  private updated: number;

  constructor(
    private readonly limits: { readonly burst: number; readonly perSecond: number },
    private readonly now: () => number = () => performance.now(),
  ) {
    this.tokens = limits.burst;
    this.updated = now();
  }

  /** Whether one more message is allowed. */
  take(): boolean {
    const now = this.now();
    const refilled = this.tokens + ((now - this.updated) / 1000) * this.limits.perSecond;
    this.tokens = Math.min(this.limits.burst, refilled);
    this.updated = now;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
