export interface HeldLease {
  readonly name: string;
  readonly holder: string;
  /** Grows with every change of holder: a write that carries an older one is refused by its `WHERE lease_token <= ?`. */
  readonly token: number;
}

/** Implemented by packages/db over the leases table; all times are the database's. */
export interface LeaseStore {
  /** The lease, or undefined while somebody else holds it. */
  acquire(name: string, holder: string, leaseMs: number): Promise<HeldLease | undefined>;
  /** False when it is not ours any more. */
  renew(lease: HeldLease, leaseMs: number): Promise<boolean>;
  /** Lets the next one in at once. */
  release(lease: HeldLease): Promise<void>;
}

export interface LeaseRunnerOptions {
  readonly store: LeaseStore;
  readonly name: string;
  /** Names this process and start, e.g. `services-<host>-<uuid>`. */
  readonly holder: string;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** Ends the loop; the work is aborted, awaited and the lease given back. */
  readonly signal: AbortSignal;
  /** 1 while leading: the metric arrkelay_leader. */
  readonly onLeader?: (isLeader: boolean) => void;
  readonly onError?: (error: unknown) => void;
}

export interface Leadership {
  readonly token: number;
  /** Aborted when the lease is lost or the process stops: nothing may be done under the token afterwards. */
  readonly signal: AbortSignal;
}

/** Who waits for a lease asks twice as often as its holder renews: a dead leader's 15 s and one pause stay well below 20 s. */
const STANDBY_SHARE = 0.5;

/**
 * Runs `work` while this process holds the lease, and again after each time it was lost or ended. One leader at any time:
 * the work is aborted before the lease can lapse (it counts from before the renewal was sent, by the monotonic clock), and
 * what is still on its way then is refused by the token. `work` must end soon after its signal; its error is reported, not thrown.
 */
export async function runUnderLease(
  options: LeaseRunnerOptions,
  work: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  while (!options.signal.aborted) {
    const askedAt = performance.now();
    const lease = await tryAcquire(options);
    if (lease !== undefined) await lead(options, lease, askedAt, work);
    // Also after leading: a work that fails at once must not spin.
    const pauseMs = lease === undefined ? options.renewMs * STANDBY_SHARE : options.renewMs;
    await pause(pauseMs, options.signal);
  }
}

async function tryAcquire(options: LeaseRunnerOptions): Promise<HeldLease | undefined> {
  try {
    return await options.store.acquire(options.name, options.holder, options.leaseMs);
  } catch (error) {
    options.onError?.(error);
    return undefined;
  }
}

async function lead(
  options: LeaseRunnerOptions,
  lease: HeldLease,
  acquiredAt: number,
  work: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  options.signal.addEventListener("abort", onStop, { once: true });
  options.onLeader?.(true);
  const renewing = keepLease(options, lease, acquiredAt, abort);
  try {
    await work({ token: lease.token, signal: abort.signal });
  } catch (error) {
    options.onError?.(error);
  } finally {
    abort.abort();
    options.signal.removeEventListener("abort", onStop);
    await renewing;
    options.onLeader?.(false);
    await options.store.release(lease).catch((error: unknown) => options.onError?.(error));
  }
}

/** A renewal is late when this share of the lease has passed; the rest is what aborting the work may take. */
const SAFE_SHARE = 0.8;

async function keepLease(
  options: LeaseRunnerOptions,
  lease: HeldLease,
  acquiredAt: number,
  abort: AbortController,
): Promise<void> {
  let heldSince = acquiredAt;
  const lapsed = new LapseTimer(() => abort.abort());
  lapsed.set(heldSince + options.leaseMs * SAFE_SHARE);
  while (!abort.signal.aborted) {
    await pause(options.renewMs, abort.signal);
    if (abort.signal.aborted) break;
    const sentAt = performance.now();
    try {
      const renewed = await unlessAborted(options.store.renew(lease, options.leaseMs), abort.signal);
      if (renewed !== true) break;
      heldSince = sentAt;
      lapsed.set(heldSince + options.leaseMs * SAFE_SHARE);
    } catch (error) {
      // The database is away; the timer decides how long we may still believe to lead.
      options.onError?.(error);
    }
  }
  lapsed.clear();
  abort.abort();
}

/** Fires on time also while a renewal hangs. */
class LapseTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onLapse: () => void) {}

  set(at: number): void {
    this.clear();
    this.timer = setTimeout(this.onLapse, Math.max(0, at - performance.now()));
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}

/** Resolves after `ms`, or as soon as the signal fires. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

/** What came of it, or undefined once the signal fired: a renewal that hangs must not hold up what follows. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve(undefined);
    signal.addEventListener("abort", end, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}
