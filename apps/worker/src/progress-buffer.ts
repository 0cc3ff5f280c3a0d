import type { ProgressLine } from "@arkrelay/core/jobs/attempt-store";

export interface ProgressBufferOptions {
  readonly write: (lines: readonly ProgressLine[]) => Promise<void>;
  readonly onError: (error: unknown) => void;
  readonly delayMs?: number;
}

/** Long enough for a short job to end first, short enough for somebody who watches. */
const DELAY_MS = 250;

/** Progress lines on their way to the database: in few writes, or together with the end of the attempt. Never fails its handler. */
export class ProgressBuffer {
  private lines: ProgressLine[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: ProgressBufferOptions) {}

  add(percent: number, message: string): void {
    this.lines.push({ percent, message });
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, this.options.delayMs ?? DELAY_MS);
  }

  /** What is not written yet, once the write in progress is over: lines keep their order. */
  async takeRest(): Promise<readonly ProgressLine[]> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.writing;
    const rest = this.lines;
    this.lines = [];
    return rest;
  }

  private flush(): void {
    this.writing = this.writing.then(async () => {
      const lines = this.lines;
      this.lines = [];
      await this.options.write(lines).catch(this.options.onError);
    });
  }
}
