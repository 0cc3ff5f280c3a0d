import type { Attempt } from "@arkrelay/core/jobs/attempt-store";

import { AttemptStopped, LiveAttempts } from "./live-attempts";

const anAttempt = (rowKey = "job-1"): Attempt => ({
  task: "sample_task",
  rowKey,
  token: `token-of-${rowKey}`,
  wakeSeq: 1,
  tries: { used: 0, max: 3 },
  startedAt: new Date(0),
  job: undefined,
});

interface Store {
  renew: (attempts: readonly Attempt[]) => Promise<readonly Attempt[]>;
  listCancelRequested: (attempts: readonly Attempt[]) => Promise<readonly Attempt[]>;
}

describe("the attempts a process works on", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const start = (store: Partial<Store> = {}): LiveAttempts =>
    new LiveAttempts({
      store: { renew: () => Promise.resolve([]), listCancelRequested: () => Promise.resolve([]), ...store },
      leaseMs: 20_000,
      onError: () => undefined,
    });

  it("renew all their leases together, every quarter of a lease", async () => {
    const renewed: number[] = [];
    const live = start({ renew: (attempts) => Promise.resolve((renewed.push(attempts.length), [])) });
    live.add(anAttempt("a"));
    live.add(anAttempt("b"));
    await jest.advanceTimersByTimeAsync(10_000);
    live.close();
    expect(renewed).toEqual([2, 2]);
  });

  it("are told to stop at the task's deadline", async () => {
    const live = start();
    const { signal, stopReason } = bound(live.add(anAttempt()));
    await jest.advanceTimersByTimeAsync(59_999);
    expect(signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect([signal.aborted, stopReason()]).toEqual([true, "deadline"]);
    live.close();
  });

  it("are left behind when they do not heed it", async () => {
    const live = start();
    const { abandoned } = live.add(anAttempt());
    const outcome = abandoned.catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(60_000 + 5_000);
    expect(await outcome).toBeInstanceOf(AttemptStopped);
    live.close();
  });

  it("stop within a second when somebody cancels", async () => {
    const attempt = anAttempt();
    const live = start({ listCancelRequested: () => Promise.resolve([attempt]) });
    const { stopReason } = bound(live.add(attempt));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(stopReason()).toBe("cancelled");
    live.close();
  });

  it("stop when their row went to somebody else", async () => {
    const attempt = anAttempt();
    const live = start({ renew: () => Promise.resolve([attempt]) });
    const other = bound(live.add(anAttempt("other")));
    const { stopReason } = bound(live.add(attempt));
    await jest.advanceTimersByTimeAsync(5_000);
    expect([stopReason(), other.stopReason()]).toEqual(["stale", undefined]);
    live.close();
  });

  it("stop when the database was away for a whole lease: their rows may be somebody else's", async () => {
    const live = start({ renew: () => Promise.reject(new Error("away")) });
    const { stopReason } = bound(live.add(anAttempt()));
    await jest.advanceTimersByTimeAsync(15_000);
    expect(stopReason()).toBeUndefined();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(stopReason()).toBe("stale");
    live.close();
  });
});

function bound(entry: ReturnType<LiveAttempts["add"]>) {
  return { signal: entry.signal, stopReason: () => entry.stopReason() };
}
