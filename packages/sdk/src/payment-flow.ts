import type { WalletPins } from "./ark-script.js";
import { waitForCeremony } from "./ceremony.js";
import { openDeadline } from "./deadline.js";
import { CeremonyTimeoutError, ConflictError, PaymentFailedError } from "./errors.js";
import { intentSchema } from "./event-schemas.js";
import type { GatewayClient } from "./gateway-client.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { tagValues } from "./nostr-utils.js";
import { type IntentContent, type Response31512, sessionIdOfIntent } from "./payloads.js";
import { type AnsweredStore, InMemoryAnsweredStore } from "./payment/answered-store.js";
import { ChallengeAnswerer, fieldOf } from "./payment/challenge-answerer.js";
import {
  type PaymentRequest,
  type PaymentResult,
  toTransferIntent,
  type WaitOptions,
} from "./payment/payment-request.js";
import { createStepReporter, type PaymentStep, type StepReporter } from "./payment/payment-step.js";
import type { Signer } from "./signer.js";
import { parseWith } from "./validation.js";
import { isSwap } from "./verifier/read-swap.js";
import type { ApprovedIntent, ReceivedChallenge, VtxoView } from "./wallet-verifier.js";

export type { AnsweredEntry, AnsweredStore } from "./payment/answered-store.js";
export type { PaymentRequest, PaymentResult, WaitOptions } from "./payment/payment-request.js";
export type { PaymentStep } from "./payment/payment-step.js";

export interface PaymentFlowOptions {
  readonly signer: Signer;
  readonly pins: WalletPins;
  /** The wallet's own VTXOs, those of an accepted transaction included; `fetchVtxoView` reads them from arkd. */
  readonly vtxoView: () => Promise<VtxoView>;
  readonly client?: GatewayClient;
  readonly nostr?: NostrGatewayClient;
  readonly answered?: AnsweredStore;
  /**
   * Let a swap ask for checkpoint signatures before arkd has signed. The gateway asks all members but one at most for them; a wallet
   * that does not allow it can only swap as that one.
   */
  readonly allowPresign?: boolean;
  readonly onStep?: (step: PaymentStep) => void;
}

interface FollowOptions extends WaitOptions {
  readonly startedAt?: number;
  readonly until?: "ceremony" | "session";
}

const DEFAULT_TIMEOUT_MS = 120_000;
const LOOK_INTERVAL_MS = 1_000;

/**
 * Pays from a wallet: states the intent, verifies each challenge against it, signs, and waits for the end. Throws
 * VerificationError when the gateway asks for anything but that payment, PaymentFailedError when it definitely did
 * not happen, CeremonyTimeoutError when its end is not known yet.
 */
export class PaymentFlow {
  readonly #options: PaymentFlowOptions;
  readonly #answerer: ChallengeAnswerer;

  constructor(options: PaymentFlowOptions) {
    const { signer, pins, vtxoView, answered = new InMemoryAnsweredStore(), allowPresign = false } = options;
    this.#options = options;
    this.#answerer = new ChallengeAnswerer({ signer, pins, vtxoView, answered, allowPresign });
  }

  /** Publishes a 31510, answers the 31511s and waits for 31340 or 31341. Needs `nostr`. */
  async payOverNostr(request: PaymentRequest): Promise<PaymentResult> {
    return this.followOverNostr(toTransferIntent(request), request);
  }

  /** As `payOverNostr`, for any intent that the verifier can check. */
  async followOverNostr(intent: IntentContent, options: WaitOptions = {}): Promise<PaymentResult> {
    const { action_id, type, params, expires_at: expiresAt } = intent;
    if (typeof expiresAt !== "number") throw new TypeError("expires_at must be unix seconds");
    const { event } = await this.#requireNostr().signIntent(action_id, type, params, expiresAt);
    return this.resumeOverNostr(event, options);
  }

  /**
   * Follows a signed 31510 to its end: publishes it (again), answers what is still to be answered and waits. The same
   * event has the same outcome however often it is published, so this is safe after a crash at any point.
   */
  async resumeOverNostr(event: NostrEvent, options: WaitOptions = {}): Promise<PaymentResult> {
    const nostr = this.#requireNostr();
    const startedAt = Date.now();
    const content = parseWith(intentSchema, parseJson(event.content), "31510");
    const sessionId = sessionIdOfIntent(event.id);
    const step = createStepReporter(this.#options.onStep, startedAt, sessionId);
    step("intent_signed", { intentEvent: event });
    const deadline = openDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal);
    const result = handled(nostr.waitForResultOf(event.id, deadline.signal));
    const answering = this.#answerOverNostr(nostr, { content, eventId: event.id }, step, deadline.signal);
    try {
      // Both listeners stand before the intent goes out, so nothing about it can be missed.
      const ending = handled(Promise.race([result, answering.refusal]));
      await Promise.race([handled(nostr.publish(event)), ending]);
      step("intent_published");
      const end = await ending;
      if (!end.ok) throw failedPayment(end.failure.details?.code, end.failure.message, end.failure.code);
      const { txid, payment_hash: paymentHash } = end.confirmation.results;
      step("settled", { txid });
      return {
        txid,
        sessionId,
        actionId: content.action_id,
        intentEventId: event.id,
        ...(paymentHash === undefined ? {} : { paymentHash }),
        elapsedMs: Date.now() - startedAt,
      };
    } catch (error) {
      throw toTimeout(error);
    } finally {
      answering.unsubscribe();
      deadline.close();
    }
  }

  /** Opens a session, answers its challenges and waits for its end. Needs `client` with the same signer. */
  async payOverHttp(request: PaymentRequest): Promise<PaymentResult> {
    return this.executeOverHttp("p2p_transfer", toTransferIntent(request), request);
  }

  /** As `payOverHttp`, for any intent that the verifier can check, and the type of session that is opened for it. */
  async executeOverHttp(sessionType: string, intent: IntentContent, options: WaitOptions = {}): Promise<PaymentResult> {
    const { client, signer } = this.#options;
    if (client === undefined) throw new TypeError("paying over HTTP needs a GatewayClient");
    const startedAt = Date.now();
    const me = await signer.getPublicKey();
    const session = await client.createSession(me, sessionType, intent, {
      delivery: "http",
      auto_start: true,
      as: "owner",
    });
    return this.followOverHttp({ content: intent, sessionId: session.session_id }, { ...options, startedAt });
  }

  /** Answers the challenges of a session that was opened for an approved intent, and waits for its end. Needs `client`. */
  async followOverHttp(
    approved: ApprovedIntent & { readonly sessionId: string },
    options: FollowOptions = {},
  ): Promise<PaymentResult> {
    const deadline = openDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal);
    try {
      return await this.#followOverHttp(approved, options, deadline.signal);
    } catch (error) {
      throw toTimeout(error);
    } finally {
      deadline.close();
    }
  }

  async #followOverHttp(
    approved: ApprovedIntent & { readonly sessionId: string },
    options: FollowOptions,
    signal: AbortSignal,
  ): Promise<PaymentResult> {
    const { client } = this.#options;
    if (client === undefined) throw new TypeError("following a session over HTTP needs a GatewayClient");
    const { sessionId } = approved;
    const { startedAt = Date.now() } = options;
    const step = createStepReporter(this.#options.onStep, startedAt, sessionId);
    step("session_opened");
    const answer = async (content: unknown): Promise<void> => {
      const response = await this.#answerer.answer({ content }, approved, step, signal);
      if (response !== undefined) await this.#respondOverHttp(client, response, step);
    };
    const seen = new Set<string>();
    const opened = await openChallenge(client, sessionId);
    if (opened?.challenge_id && opened.challenge) {
      seen.add(opened.challenge_id);
      await answer(opened.challenge);
    }
    const outcome = await waitForCeremony(client, sessionId, {
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      intervalMs: LOOK_INTERVAL_MS,
      ...(options.until ? { until: options.until } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
      onStatus: async ({ open_challenge_id: challengeId }) => {
        if (!challengeId || seen.has(challengeId)) return;
        seen.add(challengeId);
        await answer((await client.getChallenge(challengeId, { as: "owner" })).content);
      },
    });
    if (outcome.timeout)
      throw new CeremonyTimeoutError("the payment has not ended yet", outcome.status?.session_status);
    const { status } = outcome;
    if (!outcome.ok || !status?.txid) throw failedPayment(status?.error_code, status?.error ?? "the payment failed");
    step("settled", { txid: status.txid });
    return { txid: status.txid, sessionId, actionId: approved.content.action_id, elapsedMs: Date.now() - startedAt };
  }

  #requireNostr(): NostrGatewayClient {
    const { nostr } = this.#options;
    if (nostr === undefined) throw new TypeError("paying over Nostr needs a NostrGatewayClient");
    return nostr;
  }

  /** Answers one challenge after the other; `refusal` rejects with the first reason not to. */
  #answerOverNostr(
    nostr: NostrGatewayClient,
    approved: ApprovedIntent & { readonly eventId: string },
    step: StepReporter,
    signal: AbortSignal,
  ) {
    // A swap's session is named after its batch as well, so its challenges are told by the intent they are about.
    const isOurs = (challenge: ReceivedChallenge & { readonly event: NostrEvent }): boolean =>
      isSwap(approved.content)
        ? tagValues(challenge.event, "e").includes(approved.eventId)
        : fieldOf(challenge.content, "session_id") === sessionIdOfIntent(approved.eventId);
    let refuse: (error: unknown) => void = () => undefined;
    const refusal = handled(new Promise<never>((_, reject) => (refuse = reject)));
    let queue = Promise.resolve();
    const unsubscribe = nostr.onChallenge((challenge) => {
      if (!isOurs(challenge)) return;
      queue = queue
        .then(async () => {
          const response = await this.#answerer.answer(challenge, approved, step, signal);
          if (response === undefined) return;
          await nostr.respond(response, challenge.event);
          const [stage, sessionId] = ["stage", "session_id"].map((field) => fieldOf(challenge.content, field));
          step("challenge_answered", {
            ...(stage !== undefined && { stage }),
            ...(sessionId !== undefined && { sessionId }),
          });
        })
        .catch(refuse);
    });
    return { refusal, unsubscribe };
  }

  async #respondOverHttp(client: GatewayClient, response: Response31512, step: StepReporter): Promise<void> {
    const { session_id, payload_ref, challenge_id, signatures, signature, checkpoint_signatures } = response;
    const fields = {
      payload_ref,
      ...(challenge_id === undefined ? {} : { challenge_id }),
      ...(checkpoint_signatures === undefined ? {} : { checkpoint_signatures }),
      as: "owner" as const,
    };
    await client.respondToChallenge(session_id, signatures ?? signature ?? [], fields);
    step("challenge_answered");
  }
}

/** Asks for challenge 1; a gateway that is still preparing it opens it by itself, so "not now" is no failure. */
async function openChallenge(client: GatewayClient, sessionId: string) {
  try {
    return await client.createChallenge(sessionId, undefined, undefined, { as: "owner" });
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
}

/** The same promise, whose rejection is nobody's surprise while another one is awaited. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

function toTimeout(error: unknown): unknown {
  // A DOMException, which is an Error of another realm in some hosts.
  const isTimeout = typeof error === "object" && error !== null && Reflect.get(error, "name") === "TimeoutError";
  return isTimeout ? new CeremonyTimeoutError("the payment has not ended yet") : error;
}

function failedPayment(code: string | null | undefined, message: string, nostrCode?: number): PaymentFailedError {
  return new PaymentFailedError(code ?? "payment_failed", message, nostrCode);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
