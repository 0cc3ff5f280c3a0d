/** An event as it came off a live subscription. */
export interface QueuedEvent {
  readonly raw: unknown;
  /** It was stored at the relay before we subscribed (it came before EOSE). */
  readonly stored: boolean;
}

export interface EventQueueOptions {
  /** Asked to hold the sender up, and to let it go on again. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Above this many waiting events the socket is not read: the relay waits, not our memory. */
const LENGTH_MAX = 1_000;
/** Events handed over together, so that they are stored in one transaction. */
const BATCH_MAX = 100;

/** Between a socket that delivers at its own pace and a consumer that stores. Ends when `end` was called and it is empty. */
export class EventQueue {
  private readonly waiting: QueuedEvent[] = [];
  private isPaused = false;
  private isEnded = false;
  private wakeConsumer: () => void = () => undefined;

  constructor(private readonly options: EventQueueOptions) {}

  push(event: QueuedEvent): void {
    this.waiting.push(event);
    if (!this.isPaused && this.waiting.length >= LENGTH_MAX) {
      this.isPaused = true;
      this.options.pause();
    }
    this.wakeConsumer();
  }

  end(): void {
    this.isEnded = true;
    this.wakeConsumer();
  }

  async *batches(): AsyncGenerator<readonly QueuedEvent[]> {
    for (;;) {
      const batch = this.waiting.splice(0, BATCH_MAX);
      if (batch.length > 0) {
        yield batch;
        this.resumeIfDrained();
      } else if (this.isEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.wakeConsumer = resolve));
      }
    }
  }

  private resumeIfDrained(): void {
    if (!this.isPaused || this.waiting.length > LENGTH_MAX / 2) return;
    this.isPaused = false;
    this.options.resume();
  }
}
