import { keepStreaming, type ReconnectOptions } from "../keep-streaming";

export interface StreamSetOptions<Item> extends Omit<ReconnectOptions, "onBreak"> {
  readonly keyOf: (item: Item) => string;
  /** One subscription; resolves when there is nothing more to hear of this item, rejects when the stream broke. */
  readonly follow: (item: Item, signal: AbortSignal) => Promise<"ended" | "cut">;
  readonly onBreak: (error: unknown, item: Item) => void;
  /** More than this many at once are left to the poll. */
  readonly max: number;
}

/** One subscription per open row: opened when the row appears, closed when it is gone or its stream has said its last word. */
export class StreamSet<Item> {
  private readonly open = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();

  constructor(private readonly options: StreamSetOptions<Item>) {}

  get size(): number {
    return this.open.size;
  }

  /** Makes the set of subscriptions the set of `items`. */
  follow(items: readonly Item[]): void {
    const wanted = new Map(items.slice(0, this.options.max).map((item) => [this.options.keyOf(item), item]));
    for (const [key, { abort }] of this.open) if (!wanted.has(key)) abort.abort();
    for (const [key, item] of wanted) if (!this.open.has(key)) this.start(key, item);
  }

  async stop(): Promise<void> {
    const all = [...this.open.values()];
    for (const { abort } of all) abort.abort();
    await Promise.all(all.map(({ ended }) => ended));
  }

  private start(key: string, item: Item): void {
    const { options } = this;
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, options.signal]);
    const ended = keepStreaming({ ...options, signal, onBreak: (error) => options.onBreak(error, item) }, async () => {
      // What has said its last word stays in the set, silent, until its row is gone from it.
      if ((await options.follow(item, signal)) === "ended") await untilAborted(signal);
    }).finally(() => this.open.delete(key));
    this.open.set(key, { abort, ended });
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
