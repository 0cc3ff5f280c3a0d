import { hex } from "@scure/base";

import type { WalletPins } from "./ark-script.js";
import { waitForCeremony } from "./ceremony.js";
import { openDeadline } from "./deadline.js";
import { CeremonyTimeoutError, ConflictError, PaymentFailedError, VerificationError } from "./errors.js";
import { intentSchema } from "./event-schemas.js";
import type { GatewayClient } from "./gateway-client.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import type { NostrEvent } from "./nostr-event.js";
import { toPubkeyHex } from "./nostr-utils.js";
import { type IntentContent, type Response31512, sessionIdOfIntent } from "./payloads.js";
import type { Signer } from "./signer.js";
import { parseWith } from "./validation.js";
import {
  type AnsweredChallenge,
  type ApprovedIntent,
  type ReceivedChallenge,
  type VerifiedChallenge,
  type VtxoView,
  signChallenge,
  verifyChallenge,
} from "./wallet-verifier.js";

/** An answer together with what it answered. */
export interface AnsweredEntry {
  readonly record: AnsweredChallenge;
  readonly response: Response31512;
}

/**
 * Where a wallet keeps what it has signed. Must survive a restart of the wallet; the default store does not. An entry is
 * added before its answer is sent: what was never stored never left the wallet, and what was stored can be sent again.
 */
export interface AnsweredStore {
  list(): Promise<readonly AnsweredEntry[]>;
  add(entry: AnsweredEntry): Promise<void>;
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
  /** With `intent_signed`: store it to be able to `resumeOverNostr` after a restart. */
  readonly intentEvent?: NostrEvent;
}

export interface PaymentRequest extends WaitOptions {
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
  /** Unix seconds, instead of `validForSeconds`. The same actionId and expiresAt over HTTP continue the same session. */
  readonly expiresAt?: number;
}

export interface WaitOptions {
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

  constructor(options: PaymentFlowOptions) {
    this.#options = options;
    this.#answered = options.answered ?? new InMemoryAnsweredStore();
  }

  /** Publishes a 31510, answers the 31511s and waits for 31340 or 31341. Needs `nostr`. */
  async payOverNostr(request: PaymentRequest): Promise<PaymentResult> {
    const nostr = this.#requireNostr();
    const { action_id, type, params } = this.#intentOf(request);
    const { event } = await nostr.signIntent(action_id, type, params, expiryOf(request));
    return this.resumeOverNostr(event, request);
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
    const step = this.#reporter(startedAt, sessionId);
    step("intent_signed", { intentEvent: event });
    const deadline = openDeadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, options.signal);
    const result = handled(nostr.waitForResult(event.id, deadline.signal));
    const answering = this.#answerOverNostr(nostr, { content, eventId: event.id }, sessionId, step);
    try {
      // Both listeners stand before the intent goes out, so nothing about it can be missed.
      const ending = handled(Promise.race([result, answering.refusal]));
      await Promise.race([handled(nostr.publish(event)), ending]);
      step("intent_published");
      const end = await ending;
      if (!end.ok) throw failedPayment(end.failure.details?.code, end.failure.message, end.failure.code);
      const { txid } = end.confirmation.results;
      step("settled", { txid });
      const actionId = content.action_id;
      return { txid, sessionId, actionId, intentEventId: event.id, elapsedMs: Date.now() - startedAt };
    } catch (error) {
      throw toTimeout(error);
    } finally {
      answering.unsubscribe();
      deadline.close();
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

  #requireNostr(): NostrGatewayClient {
    const { nostr } = this.#options;
    if (nostr === undefined) throw new TypeError("paying over Nostr needs a NostrGatewayClient");
    return nostr;
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
      expires_at: expiryOf(request),
    };
  }

  #reporter(startedAt: number, sessionId: string): Reporter {
    return (name, extra = {}) =>
      this.#options.onStep?.({ name, sessionId, elapsedMs: Date.now() - startedAt, ...extra });
  }

  /** Answers one challenge after the other; `refusal` rejects with the first reason not to. */
  #answerOverNostr(nostr: NostrGatewayClient, approved: ApprovedIntent, sessionId: string, step: Reporter) {
    let refuse: (error: unknown) => void = () => undefined;
    const refusal = handled(new Promise<never>((_, reject) => (refuse = reject)));
    let queue = Promise.resolve();
    const unsubscribe = nostr.onChallenge((challenge) => {
      if (fieldOf(challenge.content, "session_id") !== sessionId) return;
      queue = queue
        .then(async () => {
          const response = await this.#answer(challenge, approved, step);
          if (response === undefined) return;
          await nostr.respond(response, challenge.event);
          step("challenge_answered", { stage: fieldOf(challenge.content, "stage") });
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
    const response = await signChallenge(verified, this.#options.signer);
    await this.#answered.add({ record: verified.record, response });
    return response;
  }

  async #verify(
    challenge: ReceivedChallenge,
    intent: ApprovedIntent,
    entries: readonly AnsweredEntry[],
  ): Promise<VerifiedChallenge | { readonly resend: Response31512 | undefined }> {
    const { signer, pins, vtxoView } = this.#options;
    const myPubkey = await signer.getPublicKey();
    const answered = entries.map((entry) => entry.record);
    const sessionId = fieldOf(challenge.content, "session_id");
    const previous = answered.findLast((record) => record.stage === "ark_tx" && record.sessionId === sessionId);
    const now = Math.floor(Date.now() / 1000);
    const options = { intent, pins, myPubkey, vtxoView: await vtxoView(), answered, now };
    try {
      return verifyChallenge(challenge, previous ? { ...options, previous } : options);
    } catch (error) {
      const reason = error instanceof VerificationError ? error.reason : undefined;
      // An expired challenge may still lie on a relay; the gateway opens a new one while the session lives.
      if (reason === "stale") return { resend: undefined };
      const ref = fieldOf(challenge.content, "payload_ref");
      const stored = entries.find(({ response }) => response.payload_ref === ref && response.session_id === sessionId);
      // A challenge is sent again until the answer reaches the gateway: the same answer goes out again.
      if (reason === "replayed" && stored !== undefined) return { resend: stored.response };
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
  readonly #entries: AnsweredEntry[] = [];

  async list(): Promise<readonly AnsweredEntry[]> {
    return [...this.#entries];
  }

  async add(entry: AnsweredEntry): Promise<void> {
    this.#entries.push(entry);
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

function expiryOf({ expiresAt, validForSeconds = 600 }: PaymentRequest): number {
  return expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds;
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

function fieldOf(content: unknown, field: string): string {
  if (typeof content !== "object" || content === null) return "";
  const value: unknown = Reflect.get(content, field);
  return typeof value === "string" ? value : "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
