import { runUnderLease, type HeldLease, type LeaseStore } from "./lease-runner";

const lease: HeldLease = { name: "nostr", holder: "a", token: 7 };

/** Gives the lease once; what a renewal does is up to the test. */
class FakeLeaseStore implements LeaseStore {
  released = 0;
  acquired = 0;

  constructor(
    private readonly onRenew: () => Promise<boolean>,
    private readonly onAcquire: () => Promise<HeldLease | undefined> = () => Promise.resolve(lease),
  ) {}

  acquire(): Promise<HeldLease | undefined> {
    this.acquired++;
    return this.onAcquire();
  }

  renew(): Promise<boolean> {
    return this.onRenew();
  }

  release(): Promise<void> {
    this.released++;
    return Promise.resolve();
  }
}

const never = () => new Promise<never>(() => undefined);

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const times = { name: "nostr", holder: "a", leaseMs: 15_000, renewMs: 5_000 };

describe("work under a lease", () => {
  it("is aborted before the lease can lapse when the renewal hangs", async () => {
    const stop = new AbortController();
    const store = new FakeLeaseStore(never);
    let isAborted = false;
    const running = runUnderLease({ ...times, store, signal: stop.signal }, async ({ signal }) => {
      await until(signal);
      isAborted = true;
    });
    await jest.advanceTimersByTimeAsync(11_900);
    expect(isAborted).toBe(false);
    await jest.advanceTimersByTimeAsync(200);
    expect(isAborted).toBe(true);
    stop.abort();
    await running;
  });

  it("goes on through a database outage that is shorter than the lease", async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    let failures = 1;
    const store = new FakeLeaseStore(() =>
      failures-- > 0 ? Promise.reject(new Error("away")) : Promise.resolve(true),
    );
    let isAborted = false;
    const options = { ...times, store, signal: stop.signal, onError: (error: unknown) => void errors.push(error) };
    const running = runUnderLease(options, async ({ signal }) => {
      await until(signal);
      isAborted = true;
    });
    await jest.advanceTimersByTimeAsync(60_000);
    expect({ isAborted, errors: errors.length }).toEqual({ isAborted: false, errors: 1 });
    stop.abort();
    await running;
    expect(store.released).toBe(1);
  });

  it("is taken up again after it failed, at the pace of renewals", async () => {
    const stop = new AbortController();
    const errors: unknown[] = [];
    let runs = 0;
    const store = new FakeLeaseStore(() => Promise.resolve(true));
    const options = { ...times, store, signal: stop.signal, onError: (error: unknown) => void errors.push(error) };
    const running = runUnderLease(options, () => {
      runs++;
      return Promise.reject(new Error("relay closed"));
    });
    await jest.advanceTimersByTimeAsync(10_500);
    expect({ runs, errors: errors.length, released: store.released }).toEqual({ runs: 3, errors: 3, released: 3 });
    stop.abort();
    await running;
  });

  it.each([0, 900, 2_499])(
    "is taken over well within 20 s of a leader's death (waiting since %s ms)",
    async (phaseMs) => {
      const stop = new AbortController();
      const diedAt = Date.now();
      let ledAfterMs = Infinity;
      const store = new FakeLeaseStore(
        () => Promise.resolve(true),
        () => Promise.resolve(Date.now() - diedAt >= times.leaseMs ? lease : undefined),
      );
      await jest.advanceTimersByTimeAsync(phaseMs);
      const running = runUnderLease({ ...times, store, signal: stop.signal }, ({ signal }) => {
        ledAfterMs = Date.now() - diedAt;
        return until(signal);
      });
      await jest.advanceTimersByTimeAsync(20_000);
      stop.abort();
      await running;
      expect(ledAfterMs).toBeLessThanOrEqual(17_500);
    },
  );

  it("tells whether it leads, and stops asking when the process stops", async () => {
    const stop = new AbortController();
    const leading: boolean[] = [];
    let isFree = false;
    const store = new FakeLeaseStore(
      () => Promise.resolve(true),
      () => Promise.resolve(isFree ? lease : undefined),
    );
    const options = { ...times, store, signal: stop.signal, onLeader: (is: boolean) => void leading.push(is) };
    const running = runUnderLease(options, ({ signal, token }) => {
      expect(token).toBe(7);
      return until(signal);
    });
    await jest.advanceTimersByTimeAsync(5_500);
    expect({ leading: [...leading], asked: store.acquired }).toEqual({ leading: [], asked: 3 });
    isFree = true;
    await jest.advanceTimersByTimeAsync(2_500);
    stop.abort();
    await running;
    expect(leading).toEqual([true, false]);
  });
});
