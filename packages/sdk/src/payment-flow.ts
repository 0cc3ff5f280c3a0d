import { hex } from "@scure/base";

import type { WalletPins } from "./ark-script.js";
import { waitForCeremony } from "./ceremony.js";
import { CeremonyTimeoutError, ConflictError, PaymentFailedError, VerificationError } from "./errors.js";
import type { GatewayClient } from "./gateway-client.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import { toPubkeyHex } from "./nostr-utils.js";
import { type IntentContent, type Response31512, sessionIdOfIntent } from "./payloads.js";
import type { Signer } from "./signer.js";
import {
  type AnsweredChallenge,
  type ApprovedIntent,
  type ReceivedChallenge,
  type VerifiedChallenge,
  type VtxoView,
  signChallenge,
  verifyChallenge,
} from "./wallet-verifier.js";

/** Where a wallet keeps what it has signed. Must survive a restart of the wallet; the default store does not. */
export interface AnsweredStore {
  list(): Promise<readonly AnsweredChallenge[]>;
  add(record: AnsweredChallenge): Promise<void>;
}

export interface PaymentFlowOptions {
  readonly signer: Signer;
  readonly pins: WalletPins;
  /** The wallet's own VTXOs, those of an accepted transaction included; `fetchVtxoView` reads them from arkd. */
  readonly vtxoView: () => Promise<VtxoView>;
  readonly client?: GatewayClient;
  readonly nostr?: NostrGatewayClient;
  readonly answered?: AnsweredStore;
  readonly onStep?: (step: PaymentStep) => void;
}

export interface PaymentStep {
  readonly name:
    | "intent_signed"
    | "intent_published"
    | "session_opened"
    | "challenge_verified"
    | "challenge_answered"
    | "settled";
  readonly elapsedMs: number;
  readonly sessionId: string;
  readonly stage?: string | null;
  readonly txid?: string;
}

export interface PaymentRequest {
  /** Hex or npub. */
  readonly recipient: string;
  readonly amountSats: number;
  /** 10 for every transfer; anything else is refused by the gateway. */
  readonly feeSats?: number;
  /** 8..64 of A-Z a-z 0-9 _ -; the payment's identity: paying twice with one id pays once. */
  readonly actionId?: string;
  readonly sourceVtxos?: readonly string[];
  readonly dustPolicy?: "reject" | "to_recipient";
  /** How long the intent stays valid. */
  readonly validForSeconds?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface PaymentResult {
  readonly txid: string;
  readonly sessionId: string;
  readonly actionId: string;
  /** Id of the 31510 (Nostr only). */
  readonly intentEventId?: string;
  readonly elapsedMs: number;
}

const L2_FEE_SATS = 10;
const DEFAULT_TIMEOUT_MS = 120_000;
const LOOK_INTERVAL_MS = 250;

/**
 * Pays from a wallet: states the intent, verifies each challenge against it, signs, and waits for the end. Throws
 * VerificationError when the gateway asks for anything but that payment, PaymentFailedError when it definitely did
 * not happen, CeremonyTimeoutError when its end is not known yet.
 */
export class PaymentFlow {
  readonly #options: PaymentFlowOptions;
  readonly #answered: AnsweredStore;
  readonly #responses = new Map<string, Response31512>();

  constructor(options: PaymentFlowOptions) {
    this.#options = options;
    this.#answered = options.answered ?? new InMemoryAnsweredStore();
  }

  /** Publishes a 31510, answers the 31511s and waits for 31340 or 31341. Needs `nostr`. */
  async payOverNostr(request: PaymentRequest): Promise<PaymentResult> {
    const { nostr } = this.#options;
    if (nostr === undefined) throw new TypeError("payOverNostr needs a NostrGatewayClient");
    const startedAt = Date.now();
    const { action_id, type, params } = this.#intentOf(request);
    const { event, intent } = await nostr.signIntent(action_id, type, params, this.#expiryOf(request));
    const sessionId = sessionIdOfIntent(event.id);
    const step = this.#reporter(startedAt, sessionId);
    step("intent_signed");
    const approved = { content: intent, eventId: event.id };
    const stop = new AbortController();
    const result = nostr.waitForResult(event.id, AbortSignal.any([stop.signal, ...endSignals(request)]));
    const { refusal, unsubscribe } = this.#answerOverNostr(nostr, approved, sessionId, step);
    try {
      // Both listeners stand before the intent goes out, so nothing about it can be missed.
      await nostr.publish(event);
      step("intent_published");
      const end = await Promise.race([result, refusal]);
      if (!end.ok) throw failedPayment(end.failure.details?.code, end.failure.message, end.failure.code);
      const { txid } = end.confirmation.results;
      step("settled", { txid });
      return { txid, sessionId, actionId: action_id, intentEventId: event.id, elapsedMs: Date.now() - startedAt };
    } catch (error) {
      throw toTimeout(error);
    } finally {
      unsubscribe();
      stop.abort();
      result.catch(() => undefined);
    }
  }

  /** Opens a session, answers its challenges and waits for its end. Needs `client` with the same signer. */
  async payOverHttp(request: PaymentRequest): Promise<PaymentResult> {
    const { client, signer } = this.#options;
    if (client === undefined) throw new TypeError("payOverHttp needs a GatewayClient");
    const startedAt = Date.now();
    const intent = this.#intentOf(request);
    const me = await signer.getPublicKey();
    const session = await client.createSession(me, "p2p_transfer", intent, {
      delivery: "http",
      auto_start: true,
      as: "owner",
    });
    const sessionId = session.session_id;
    const step = this.#reporter(startedAt, sessionId);
    step("session_opened");
    const approved: ApprovedIntent = { content: intent, sessionId };
    const answer = async (content: unknown): Promise<void> => {
      const response = await this.#answer({ content }, approved, step);
      if (response !== undefined) await this.#respondOverHttp(client, response, step);
    };
    const seen = new Set<string>();
    const opened = await openChallenge(client, sessionId);
    if (opened?.challenge_id && opened.challenge) {
      seen.add(opened.challenge_id);
      await answer(opened.challenge);
    }
    const outcome = await waitForCeremony(client, sessionId, {
      timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      intervalMs: LOOK_INTERVAL_MS,
      ...(request.signal ? { signal: request.signal } : {}),
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
    return { txid: status.txid, sessionId, actionId: intent.action_id, elapsedMs: Date.now() - startedAt };
  }

  #intentOf(request: PaymentRequest): IntentContent {
    if (!Number.isSafeInteger(request.amountSats)) throw new TypeError("amountSats must be a safe integer");
    return {
      action_id: request.actionId ?? `pay-${hex.encode(crypto.getRandomValues(new Uint8Array(12)))}`,
      type: "p2p_transfer",
      params: {
        asset_id: "gBTC",
        amount: request.amountSats,
        recipient_pubkey: toPubkeyHex(request.recipient),
        fee_asset_id: "gBTC",
        fee_amount: request.feeSats ?? L2_FEE_SATS,
        ...(request.sourceVtxos ? { source_vtxos: request.sourceVtxos } : {}),
        ...(request.dustPolicy ? { dust_policy: request.dustPolicy } : {}),
      },
      expires_at: this.#expiryOf(request),
    };
  }

  #expiryOf({ validForSeconds = 600 }: PaymentRequest): number {
    return Math.floor(Date.now() / 1000) + validForSeconds;
  }

  #reporter(startedAt: number, sessionId: string): Reporter {
    return (name, extra = {}) =>
      this.#options.onStep?.({ name, sessionId, elapsedMs: Date.now() - startedAt, ...extra });
  }

  /** Answers one challenge after the other; `refusal` rejects with the first reason not to. */
  #answerOverNostr(nostr: NostrGatewayClient, approved: ApprovedIntent, sessionId: string, step: Reporter) {
    let refuse: (error: unknown) => void = () => undefined;
    const refusal = new Promise<never>((_, reject) => (refuse = reject));
    refusal.catch(() => undefined);
    let queue = Promise.resolve();
    const unsubscribe = nostr.onChallenge((challenge) => {
      if (sessionOf(challenge.content) !== sessionId) return;
      queue = queue
        .then(async () => {
          const response = await this.#answer(challenge, approved, step);
          if (response === undefined) return;
          await nostr.respond(response, challenge.event);
          step("challenge_answered", { stage: stageOf(challenge.content) });
        })
        .catch(refuse);
    });
    return { refusal, unsubscribe };
  }

  /** The verified answer; the stored one when the challenge comes again; undefined when it is too old to matter. */
  async #answer(
    challenge: ReceivedChallenge,
    intent: ApprovedIntent,
    step: Reporter,
  ): Promise<Response31512 | undefined> {
    const answered = await this.#answered.list();
    const verified = await this.#verify(challenge, intent, answered);
    if ("resend" in verified) return verified.resend;
    step("challenge_verified", { stage: verified.record.stage });
    // Remembered before the signature exists: after a crash in between, the wallet knows what it may have signed.
    await this.#answered.add(verified.record);
    const response = await signChallenge(verified, this.#options.signer);
    this.#responses.set(response.payload_ref, response);
    return response;
  }

  async #verify(
    challenge: ReceivedChallenge,
    intent: ApprovedIntent,
    answered: readonly AnsweredChallenge[],
  ): Promise<VerifiedChallenge | { readonly resend: Response31512 | undefined }> {
    const { signer, pins, vtxoView } = this.#options;
    const myPubkey = await signer.getPublicKey();
    const previous = answered.findLast((a) => a.stage === "ark_tx" && a.sessionId === sessionOf(challenge.content));
    const options = {
      intent,
      pins,
      myPubkey,
      vtxoView: await vtxoView(),
      answered,
      now: Math.floor(Date.now() / 1000),
    };
    try {
      return verifyChallenge(challenge, previous ? { ...options, previous } : options);
    } catch (error) {
      const reason = error instanceof VerificationError ? error.reason : undefined;
      // An expired challenge may still lie on a relay; the gateway opens a new one while the session lives.
      if (reason === "stale") return { resend: undefined };
      const stored = this.#responses.get(refOf(challenge.content));
      // The gateway sends a checkpoint challenge again until the answer reaches it: the same answer goes out again.
      if (reason === "replayed" && stored !== undefined) return { resend: stored };
      throw error;
    }
  }

  async #respondOverHttp(client: GatewayClient, response: Response31512, step: Reporter): Promise<void> {
    const { session_id, payload_ref, challenge_id, signatures, signature } = response;
    const fields = { payload_ref, ...(challenge_id === undefined ? {} : { challenge_id }), as: "owner" as const };
    await client.respondToChallenge(session_id, signatures ?? signature ?? [], fields);
    step("challenge_answered");
  }
}

type Reporter = (name: PaymentStep["name"], extra?: Partial<PaymentStep>) => void;

class InMemoryAnsweredStore implements AnsweredStore {
  readonly #records: AnsweredChallenge[] = [];

  async list(): Promise<readonly AnsweredChallenge[]> {
    return [...this.#records];
  }

  async add(record: AnsweredChallenge): Promise<void> {
    this.#records.push(record);
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

function endSignals({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: PaymentRequest): AbortSignal[] {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal ? [timeout, signal] : [timeout];
}

function toTimeout(error: unknown): unknown {
  // A DOMException, which is an Error of another realm in some hosts.
  const isTimeout = typeof error === "object" && error !== null && Reflect.get(error, "name") === "TimeoutError";
  return isTimeout ? new CeremonyTimeoutError("the payment has not ended yet") : error;
}

function failedPayment(code: string | null | undefined, message: string, nostrCode?: number): PaymentFailedError {
  return new PaymentFailedError(code ?? "payment_failed", message, nostrCode);
}

function fieldOf(content: unknown, field: string): string {
  if (typeof content !== "object" || content === null) return "";
  const value: unknown = Reflect.get(content, field);
  return typeof value === "string" ? value : "";
}

const sessionOf = (content: unknown): string => fieldOf(content, "session_id");
const refOf = (content: unknown): string => fieldOf(content, "payload_ref");
const stageOf = (content: unknown): string => fieldOf(content, "stage");
