import { setTimeout as sleep } from "node:timers/promises";

import { AppError, assert, toAppError } from "@arkrelay/core/errors";

import type {
  GetSubscriptionResponse,
  SubscribeForScriptsResponse,
  UnsubscribeForScriptsResponse,
} from "../gen/ark/v1/indexer";
import { isSubscriptionLost } from "./ark-errors";
import type { GrpcArkDaemon } from "./grpc-ark-daemon";

/** Something happened to these scripts. Never a fact to book: it says where to look. */
export interface ScriptHint {
  readonly txid: string;
  readonly scripts: readonly string[];
}

export interface ScriptSubscriptionDeps {
  readonly daemon: Pick<GrpcArkDaemon, "read" | "stream">;
  /** Hints may come twice, late, or not at all. */
  readonly onHint: (hint: ScriptHint) => void;
  /**
   * Compares the mirror with arkd: with every script after each (re)connect, with the new ones after an addition. arkd
   * buffers 100 events of a broken stream and drops the rest without a word, so this alone makes the mirror right. When it
   * fails the connection counts as failed and is made again.
   */
  readonly reconcile: (scripts: readonly string[]) => Promise<void>;
  /** For the log: why a connection ended or an edit failed. */
  readonly onProblem: (problem: unknown) => void;
  /** 0..1, spreads the reconnects of many processes. */
  readonly jitter: () => number;
}

export interface ScriptSubscriptionTimes {
  /** arkd sends a heartbeat every 60 s; silence of 2.5 times that means a dead connection. */
  readonly silenceMs: number;
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** arkd keeps a subscription without a stream for 60 s. */
  readonly reuseMs: number;
}

const SUBSCRIPTION_TIMES: ScriptSubscriptionTimes = {
  silenceMs: 150_000,
  retryMs: 1_000,
  retryMsMax: 30_000,
  reuseMs: 60_000,
};

/** Scripts of one request. */
const SCRIPTS_PER_REQUEST = 1_000;

/** Watches a set of scripts at arkd's indexer through every disconnect. `onHint` and `reconcile` are called, nothing is decided. */
export class ScriptSubscription {
  private readonly scripts = new Set<string>();
  private readonly stopping = new AbortController();
  /** Ends the open stream; undefined = there is none. */
  private stream: AbortController | undefined;
  private subscription: { readonly id: string; lastUsedAtMs: number } | undefined;
  private failures = 0;
  private isUp = false;
  private loop: Promise<void> | undefined;
  private edits: Promise<void> = Promise.resolve();
  private wakeIdle: (() => void) | undefined;

  constructor(
    private readonly deps: ScriptSubscriptionDeps,
    private readonly times: ScriptSubscriptionTimes = SUBSCRIPTION_TIMES,
  ) {}

  /** Whether the stream is open and reconciled, so that the mirror of these scripts is fresh. */
  get isConnected(): boolean {
    return this.isUp;
  }

  has(script: string): boolean {
    return this.scripts.has(script);
  }

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.stream?.abort();
    this.wakeIdle?.();
    await this.loop;
    await this.edits;
  }

  /** Takes effect at once when connected, else with the next connection. */
  add(scripts: readonly string[]): void {
    const added = scripts.filter((script) => !this.scripts.has(script));
    if (added.length === 0) return;
    for (const script of added) this.scripts.add(script);
    this.wakeIdle?.();
    this.edit(async (id) => {
      await this.subscribe(added, id);
      await this.deps.reconcile(added);
    });
  }

  remove(scripts: readonly string[]): void {
    const removed = scripts.filter((script) => this.scripts.delete(script));
    if (removed.length === 0) return;
    // Without a stream the next connection takes a new subscription, which never had them.
    if (this.stream === undefined) this.subscription = undefined;
    this.edit((id) => this.unsubscribe(removed, id));
  }

  private edit(work: (subscriptionId: string) => Promise<void>): void {
    const { stream, subscription } = this;
    if (stream === undefined || subscription === undefined) return;
    this.edits = this.edits.then(async () => {
      if (this.stream !== stream) return; // The new connection has the whole set.
      try {
        await work(subscription.id);
      } catch (problem) {
        this.deps.onProblem(problem);
        stream.abort();
      }
    });
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      if (this.scripts.size === 0) await this.untilSomethingToWatch();
      else await this.connectAndPause();
    }
  }

  private async connectAndPause(): Promise<void> {
    const { signal } = this.stopping;
    const wasReusing = this.reusableId() !== "";
    try {
      await this.connect();
    } catch (problem) {
      if (!signal.aborted) this.deps.onProblem(problem);
      if (isSubscriptionLost(problem)) {
        this.subscription = undefined;
        // Nothing is wrong with arkd then: ask for a new id at once, but only once.
        if (wasReusing) return;
      }
    }
    this.failures += 1;
    await sleep(this.pauseMs(), undefined, { signal, ref: false }).catch(() => undefined);
  }

  /** Subscribes first, streams second: what happens in between is buffered by arkd. Returns when the stream has ended. */
  private async connect(): Promise<void> {
    const watched = [...this.scripts];
    const id = await this.subscribe(watched, this.reusableId());
    if (this.stopping.signal.aborted) return;
    this.subscription = { id, lastUsedAtMs: performance.now() };
    const stream = new AbortController();
    this.stream = stream;
    const added = [...this.scripts].filter((script) => !watched.includes(script));
    // Both to their ends: two reconciles at once would tread on each other.
    const [caughtUp, ended] = await Promise.allSettled([
      this.catchUp(stream, id, added),
      this.readUntilEnd(stream, id),
    ]);
    // A stream that arkd ends by itself was displaced by another one on the same id, or arkd is going down.
    if (ended.status === "fulfilled") this.subscription = undefined;
    else if (this.subscription !== undefined) this.subscription.lastUsedAtMs = performance.now();
    const failed = [caughtUp, ended].find((result) => result.status === "rejected");
    if (failed !== undefined) throw toAppError(failed.reason);
  }

  private async catchUp(stream: AbortController, id: string, addedMeanwhile: readonly string[]): Promise<void> {
    try {
      if (addedMeanwhile.length > 0) await this.subscribe(addedMeanwhile, id);
      await this.deps.reconcile([...this.scripts]);
      this.isUp = this.stream === stream;
    } catch (problem) {
      stream.abort();
      throw problem;
    }
  }

  private async readUntilEnd(stream: AbortController, id: string): Promise<void> {
    const watchdog = setTimeout(() => stream.abort(), this.times.silenceMs);
    const messages = this.deps.daemon.stream<GetSubscriptionResponse>(
      "GetSubscription",
      ({ indexer }, ...rest) => indexer.getSubscription({ subscriptionId: id, filter: undefined }, ...rest),
      stream.signal,
    );
    try {
      for await (const message of messages) {
        watchdog.refresh();
        this.failures = 0;
        this.pass(message);
      }
      // Cut by ourselves, for silence or a failed edit: the id is as good as after a broken connection.
      if (stream.signal.aborted) throw new AppError("daemon_unavailable", { details: { service: "arkd" } });
    } finally {
      clearTimeout(watchdog);
      this.stream = undefined;
      this.isUp = false;
    }
  }

  private pass({ data }: GetSubscriptionResponse): void {
    if (data?.$case !== "event") return;
    const { txid, scripts } = data.value;
    this.deps.onHint({ txid, scripts });
  }

  /** Adds scripts to a subscription, or makes one when `id` is "". */
  private async subscribe(scripts: readonly string[], id: string): Promise<string> {
    let subscriptionId = id;
    for (const chunk of chunksOf(scripts)) {
      const request = { scripts: chunk, subscriptionId };
      const reply = await this.deps.daemon.read<SubscribeForScriptsResponse>(
        "SubscribeForScripts",
        ({ indexer }, ...rest) => indexer.subscribeForScripts(request, ...rest),
        this.stopping.signal,
      );
      subscriptionId = reply.subscriptionId;
    }
    assert(subscriptionId !== "", "arkd names a subscription");
    return subscriptionId;
  }

  private async unsubscribe(scripts: readonly string[], subscriptionId: string): Promise<void> {
    for (const chunk of chunksOf(scripts)) {
      const request = { scripts: chunk, subscriptionId };
      await this.deps.daemon.read<UnsubscribeForScriptsResponse>(
        "UnsubscribeForScripts",
        ({ indexer }, ...rest) => indexer.unsubscribeForScripts(request, ...rest),
        this.stopping.signal,
      );
    }
  }

  private reusableId(): string {
    const { subscription } = this;
    if (subscription === undefined) return "";
    return performance.now() - subscription.lastUsedAtMs < this.times.reuseMs ? subscription.id : "";
  }

  private pauseMs(): number {
    const { retryMs, retryMsMax } = this.times;
    const full = Math.min(retryMsMax, retryMs * 2 ** Math.min(this.failures - 1, 16));
    return full * (0.5 + this.deps.jitter() / 2);
  }

  private untilSomethingToWatch(): Promise<void> {
    return new Promise((resolve) => {
      this.wakeIdle = () => {
        this.wakeIdle = undefined;
        resolve();
      };
      if (this.stopping.signal.aborted) this.wakeIdle();
    });
  }
}

function chunksOf(scripts: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < scripts.length; start += SCRIPTS_PER_REQUEST) {
    chunks.push(scripts.slice(start, start + SCRIPTS_PER_REQUEST));
  }
  return chunks;
}
