import { openDeadline } from "./deadline.js";
import { CeremonyTimeoutError, RetriableHttpError, RetryExceededError } from "./errors.js";
import type { GatewayClient } from "./gateway-client.js";
import type { CeremonyStatus } from "./response-schemas.js";
import { delay } from "./retry.js";

const SUCCESS = new Set(["completed", "finalized", "settled"]);
const FAILURE = new Set(["failed", "expired", "error"]);
const FIRST_WAIT_MS = 15;
/** Looks are work for the gateway: one that takes its time is asked less often, at the price of this share of that time. */
const WAIT_SHARE = 1 / 16;

export interface WaitForCeremonyOptions {
  readonly timeoutMs?: number;
  /** Longest time between two looks when no event arrives; right after a change the looks are closer. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
  /**
   * `ceremony` (default): the transaction is final. `session`: what it was for is through too, which for a land is the Lightning
   * payment, or its refund.
   */
  readonly until?: "ceremony" | "session";
  /** Called with every status that is read, ends included; what it throws ends the wait. */
  readonly onStatus?: (status: CeremonyStatus) => Promise<void>;
}

export interface CeremonyOutcome {
  readonly ok: boolean;
  readonly status: CeremonyStatus | undefined;
  readonly elapsedMs: number;
  /** The wait ended, the payment did not: read it again later. */
  readonly timeout?: true;
}

/** Whether a session status is an end: `success`, `failure`, or undefined while it goes on. */
export function endOf(status: string | null | undefined): "success" | "failure" | undefined {
  if (status === null || status === undefined) return undefined;
  if (SUCCESS.has(status)) return "success";
  return FAILURE.has(status) ? "failure" : undefined;
}

/** Waits until the session has ended. A timeout is an outcome of its own (`timeout: true`), never a failure. */
export async function waitForCeremony(
  client: Pick<GatewayClient, "getCeremonyStatus" | "streamSession">,
  sessionId: string,
  options: WaitForCeremonyOptions = {},
): Promise<CeremonyOutcome> {
  const { timeoutMs = 120_000, intervalMs = 1_000 } = options;
  const startedAt = Date.now();
  const deadline = openDeadline(timeoutMs, options.signal);
  const { signal } = deadline;
  const nudge = new Nudge();
  void nudgeOnEvents(client, sessionId, nudge, signal);
  let status: CeremonyStatus | undefined;
  const firstWait = () => Math.min(Math.max(FIRST_WAIT_MS, (Date.now() - startedAt) * WAIT_SHARE), intervalMs);
  let waitMs = firstWait();
  try {
    while (!signal.aborted) {
      const seen = await look(client, sessionId);
      if (seen !== undefined) {
        // A step is rarely alone: what follows a change usually comes within milliseconds.
        if (hasMoved(status, seen)) waitMs = firstWait();
        status = seen;
        await options.onStatus?.(seen);
        const ofSession = endOf(seen.session_status);
        const end = options.until === "session" ? ofSession : (ofSession ?? endOf(seen.state));
        if (end !== undefined) return { ok: end === "success", status, elapsedMs: Date.now() - startedAt };
      }
      await Promise.race([delay(waitMs, signal).catch(() => undefined), nudge.next()]);
      waitMs = Math.min(waitMs * 2, intervalMs);
    }
  } finally {
    deadline.close();
  }
  if (options.signal?.aborted) throw new CeremonyTimeoutError("the wait was cancelled", status?.session_status);
  return { ok: false, status, elapsedMs: Date.now() - startedAt, timeout: true };
}

function hasMoved(before: CeremonyStatus | undefined, now: CeremonyStatus): boolean {
  return before?.state !== now.state || before?.open_challenge_id !== now.open_challenge_id;
}

/** Undefined when the gateway cannot be read right now: that says nothing about the payment, so the wait goes on. */
async function look(
  client: Pick<GatewayClient, "getCeremonyStatus">,
  sessionId: string,
): Promise<CeremonyStatus | undefined> {
  try {
    return await client.getCeremonyStatus(sessionId);
  } catch (error) {
    if (error instanceof RetriableHttpError || error instanceof RetryExceededError) return undefined;
    throw error;
  }
}

/** The stream only says when to look: what counts is the status read afterwards, so a lost event costs one interval. */
async function nudgeOnEvents(
  client: Pick<GatewayClient, "streamSession">,
  sessionId: string,
  nudge: Nudge,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const _event of client.streamSession(sessionId, signal)) nudge.fire();
  } catch {
    // No stream (too many, refused, not reachable): polling alone is enough.
  }
}

/** Wakes whoever waits; a wake-up that comes while nobody waits is kept. */
class Nudge {
  #wake: (() => void) | undefined;
  #isPending = false;

  fire(): void {
    this.#isPending = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#isPending) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#isPending = false;
    this.#wake = undefined;
  }
}
