import {
  CeremonyTimeoutError,
  GatewayClientError,
  OutcomeUnknownError,
  PaymentFailedError,
  RateLimitedError,
  RetriableHttpError,
  RetryExceededError,
  VerificationError,
} from "@arkrelay/sdk/errors";
import type { GatewayClient } from "@arkrelay/sdk/gateway-client";
import type { NostrGatewayClient } from "@arkrelay/sdk/nostr-client";
import type { IntentContent } from "@arkrelay/sdk/payloads";
import { PaymentFlow } from "@arkrelay/sdk/payment-flow";
import type { Signer } from "@arkrelay/sdk/signer";
import type { ReceivedIntent } from "@arkrelay/sdk/solver-flows";
import { createSwapIntent, submitBatch } from "@arkrelay/sdk/swap-flows";
import type { VtxoView } from "@arkrelay/sdk/wallet-verifier";

import { decideOrder } from "./decide-order.js";
import type { Reserves } from "./pool.js";
import { type Order, readOrder, type Terms } from "./read-order.js";
import type { Attempt, SolverFile, SwapRecord } from "./solver-file.js";
import { SwapProgress } from "./swap-progress.js";
import { WakeUp } from "./wake-up.js";

export interface SolverOptions {
  readonly terms: Terms;
  readonly signer: Signer;
  readonly client: GatewayClient;
  readonly nostr: Pick<NostrGatewayClient, "signIntent" | "waitForResult">;
  readonly file: SolverFile;
  /** The solver's own VTXOs, as arkd tells them. */
  readonly vtxoView: () => Promise<VtxoView>;
  readonly say: (line: string) => void;
}

/** How long two wallets have to sign; the pool's funds wait as long for a user that went away. */
const ATTEMPT_SECONDS = 120;
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 1_000;
const FOLLOW_TIMEOUT_MS = 60_000;
const RESULT_TIMEOUT_MS = 60_000;

/**
 * Trades orders against its pool, one after the other, because each price is the one that the trade before it left. What an order comes to
 * is in the file before anything is sent, so a solver that is started again goes on where it was.
 */
export class Solver {
  readonly #options: SolverOptions;
  readonly #flow: PaymentFlow;
  readonly #wake = new WakeUp();
  /** Orders that have to wait, by event id; ms. */
  readonly #notBefore = new Map<string, number>();

  constructor(options: SolverOptions) {
    this.#options = options;
    const { signer, file, vtxoView, client } = options;
    // As the member with the most sats the pool mostly signs its checkpoints last; with a user's first swap everybody signs ahead.
    this.#flow = new PaymentFlow({ signer, pins: file.pins, vtxoView, client, answered: file, allowPresign: true });
  }

  /** Notes an order; one that is known already, by whichever event, stays as it is. */
  take(received: ReceivedIntent): SwapRecord {
    const { file, terms, say } = this.#options;
    const { event, intent } = received;
    const known = file.find(event.pubkey, intent.action_id);
    if (known !== undefined) return known;
    const read = readOrder(received, terms);
    const base = { eventId: event.id, userPubkey: event.pubkey, actionId: intent.action_id, attempts: 0 };
    const swap: SwapRecord = read.ok
      ? { ...base, status: "waiting", endsAt: read.order.endsAt, event }
      : { ...base, status: "refused", endsAt: toUnixSeconds(intent.expires_at), reason: read.reason };
    file.put(swap);
    say(`${swap.actionId} ${swap.status}${swap.reason === undefined ? "" : ` ${swap.reason}`}`);
    this.#wake.ring();
    return swap;
  }

  /** What the pool holds right now. Rejects with UnavailableError while arkd is away. */
  async reserves(): Promise<Reserves> {
    const { file, terms, vtxoView } = this.#options;
    const arkAssetId = file.pins.assets?.[terms.assetId];
    let [sats, units] = [0n, 0n];
    for (const vtxo of (await vtxoView()).values()) {
      if (vtxo.isSpent) continue;
      sats += vtxo.amountSats;
      for (const { assetId, amount } of vtxo.assets) units += assetId === arkAssetId ? amount : 0n;
    }
    return { sats, units };
  }

  /** Trades until the signal fires; what is under way then is gone on with at the next start. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = Date.now();
      const next = this.#options.file.listOpen().find(({ eventId }) => (this.#notBefore.get(eventId) ?? 0) <= now);
      if (next === undefined) await this.#wake.wait(PAUSE_MS, signal);
      else await this.#advance(next, signal);
    }
  }

  async #advance(swap: SwapRecord, signal: AbortSignal): Promise<void> {
    const progress = new SwapProgress(this.#options.file, swap);
    try {
      if (swap.attempt === undefined) await this.#begin(progress);
      if (progress.swap.attempt !== undefined) await this.#settle(progress, progress.swap.attempt, signal);
    } catch (error) {
      // Neither says that the swap failed: it is looked at again, in this life or the next.
      if (signal.aborted || error instanceof CeremonyTimeoutError) return;
      this.#onTrouble(error, progress, signal);
    }
    const { status, actionId, reason = "", txid = "" } = progress.swap;
    this.#options.say(`${actionId} ${status} ${txid}${reason}`.trimEnd());
  }

  /** Prices an order and signs the pool's side of it, or refuses it. */
  async #begin(progress: SwapProgress): Promise<void> {
    const { terms, nostr } = this.#options;
    const order = this.#orderOf(progress.swap);
    const now = nowSeconds();
    const decision = decideOrder(order, await this.reserves(), terms, now);
    if (!decision.ok) return progress.end({ status: "refused", reason: decision.reason });
    const amountOut = Number(decision.amountOut);
    const expiresAt = Math.min(order.endsAt, now + ATTEMPT_SECONDS);
    const { action_id, type, params } = createSwapIntent({
      give: [{ assetId: order.outAsset, amount: amountOut }],
      receive: [{ assetId: order.inAsset, amount: Number(order.trade.amountIn) }],
      counterparties: [order.userPubkey],
    });
    const { event: counterEvent } = await nostr.signIntent(action_id, type, params, expiresAt);
    const attempt: Attempt = { batchId: `batch-${action_id}`, counterEvent, amountOut, expiresAt };
    progress.note({ status: "submitted", attempts: progress.swap.attempts + 1, attempt });
  }

  /** The same batch is the same batch however often it is submitted, so this may be repeated from any point. */
  async #settle(progress: SwapProgress, attempt: Attempt, signal: AbortSignal): Promise<void> {
    const { counterEvent, batchId, amountOut } = attempt;
    const sessionId = attempt.sessionId ?? (await this.#submit(progress.swap, attempt));
    progress.note({ attempt: { ...attempt, sessionId } });
    const content = JSON.parse(counterEvent.content) as IntentContent;
    const approved = { content, eventId: counterEvent.id, sessionId };
    const { txid } = await this.#flow.followOverHttp(approved, { timeoutMs: FOLLOW_TIMEOUT_MS, signal });
    progress.end({ status: "settled", txid, amountOut });
    void this.#noteResult(progress.swap, batchId, signal);
  }

  async #submit(swap: SwapRecord, { batchId, counterEvent, amountOut, expiresAt }: Attempt): Promise<string> {
    const { client, terms } = this.#options;
    const { event } = swap;
    if (event === undefined) throw new TypeError("an order without its event");
    const { outAsset, isExact } = this.#orderOf(swap);
    const allocations = [{ action_id: swap.actionId, receive: [{ asset_id: outAsset, amount: amountOut }] }];
    const { members } = await submitBatch(
      { client, submitter: terms.solverPubkey },
      { batchId, intents: [event, counterEvent], expiresAt, ...(isExact ? {} : { allocations }) },
    );
    const sessionId = members[1]?.sessionId;
    if (sessionId === undefined) throw new TypeError("the gateway names no session of the pool's");
    return sessionId;
  }

  #onTrouble(error: unknown, progress: SwapProgress, signal: AbortSignal): void {
    const { eventId, attempt, attempts } = progress.swap;
    const reason = reasonOf(error);
    const isOver = attempt !== undefined && attempt.expiresAt <= nowSeconds();
    const isSubmitted = attempt?.sessionId !== undefined;
    if (isTransient(error) && (isSubmitted || !isOver)) {
      const pauseMs = error instanceof RateLimitedError ? (error.retryAfter ?? 1) * 1_000 : PAUSE_MS;
      this.#notBefore.set(eventId, Date.now() + pauseMs);
      return progress.note({ reason });
    }
    if (error instanceof PaymentFailedError && !isOver && attempts < ATTEMPTS_MAX) {
      // The gateway is done with this attempt and the user's intent is free again; the price is asked anew.
      this.#notBefore.set(eventId, Date.now() + PAUSE_MS);
      return progress.queueAgain(reason);
    }
    this.#notBefore.delete(eventId);
    progress.end({ status: "failed", reason: isOver && isSubmitted ? "unanswered" : reason });
    if (attempt !== undefined) void this.#noteResult(progress.swap, attempt.batchId, signal);
  }

  /**
   * The gateway's own word about a batch, 31340 or 31341, comes a little after its end. Nothing waits for it; but a batch of which the
   * solver never heard may have settled all the same.
   */
  async #noteResult({ userPubkey, actionId }: SwapRecord, batchId: string, signal: AbortSignal): Promise<void> {
    const { nostr, file } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(RESULT_TIMEOUT_MS)]);
    const result = await nostr.waitForResult(batchId, limit).catch(() => undefined);
    const swap = file.find(userPubkey, actionId);
    if (swap === undefined || result === undefined) return;
    if (!result.ok) return file.put({ ...swap, reason: result.failure.details?.code ?? result.failure.message });
    const { reason: _none, ...rest } = swap;
    const { txid } = result.confirmation.results;
    file.put({ ...rest, status: "settled", txid, confirmationId: result.event.id });
  }

  #orderOf({ event }: SwapRecord): Order {
    if (event === undefined) throw new TypeError("an order without its event");
    const intent = JSON.parse(event.content) as ReceivedIntent["intent"];
    const read = readOrder({ event, intent }, this.#options.terms);
    if (!read.ok) throw new TypeError(`an order that was noted is ${read.reason} now`);
    return read.order;
  }
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof RetriableHttpError || error instanceof RetryExceededError || error instanceof OutcomeUnknownError
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof VerificationError) return `verification_${error.reason}`;
  if (error instanceof GatewayClientError) {
    const { reason } = error.details;
    return typeof reason === "string" ? `${error.code} ${reason}` : error.code;
  }
  if (error instanceof PaymentFailedError) return error.code;
  return error instanceof Error ? error.message : String(error);
}

function toUnixSeconds(time: string | number | undefined): number {
  return typeof time === "number" ? time : Math.floor(Date.parse(time ?? "") / 1000);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
