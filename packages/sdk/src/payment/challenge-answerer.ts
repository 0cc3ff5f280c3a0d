import type { WalletPins } from "../ark-script.js";
import { RetriableHttpError, VerificationError } from "../errors.js";
import type { Response31512 } from "../payloads.js";
import { withRetryAsync } from "../retry.js";
import type { Signer } from "../signer.js";
import {
  type ApprovedIntent,
  type ReceivedChallenge,
  type VerifiedChallenge,
  type VtxoView,
  signChallenge,
  verifyChallenge,
} from "../wallet-verifier.js";
import type { AnsweredEntry, AnsweredStore } from "./answered-store.js";
import type { StepReporter } from "./payment-step.js";

export interface ChallengeAnswererOptions {
  readonly signer: Signer;
  readonly pins: WalletPins;
  readonly vtxoView: () => Promise<VtxoView>;
  readonly answered: AnsweredStore;
  /** Also sign checkpoints ahead of arkd when a swap asks for it. */
  readonly allowPresign?: boolean;
}

const VIEW_RETRY_MS = 250;

/** Verifies challenges against an approved intent, and signs what was verified. However they came: it knows no transport. */
export class ChallengeAnswerer {
  readonly #options: ChallengeAnswererOptions;

  constructor(options: ChallengeAnswererOptions) {
    this.#options = options;
  }

  /**
   * The verified answer; the stored one when the challenge comes again; undefined when it is too old to matter. Waits for an arkd that
   * cannot be reached until `signal` fires, and rejects with its reason then.
   */
  async answer(
    challenge: ReceivedChallenge,
    intent: ApprovedIntent,
    step: StepReporter,
    signal: AbortSignal,
  ): Promise<Response31512 | undefined> {
    const view = await this.#readView(signal);
    const answered = await this.#options.answered.list();
    const verified = await this.#verify(challenge, intent, answered, view);
    if ("resend" in verified) return verified.resend;
    step("challenge_verified", { stage: verified.record.stage });
    const response = await signChallenge(verified, this.#options.signer);
    await this.#options.answered.add({ record: verified.record, response });
    return response;
  }

  /** An arkd that is away says nothing about the challenge. After the hand-over only this wallet's answer frees its funds. */
  #readView(signal: AbortSignal): Promise<VtxoView> {
    return withRetryAsync(this.#options.vtxoView, {
      retryIf: (error) => error instanceof RetriableHttpError && !signal.aborted,
      maxAttempts: Number.POSITIVE_INFINITY,
      backoffBaseMs: VIEW_RETRY_MS,
      backoffFactor: 1,
      signal,
    });
  }

  async #verify(
    challenge: ReceivedChallenge,
    intent: ApprovedIntent,
    entries: readonly AnsweredEntry[],
    vtxoView: VtxoView,
  ): Promise<VerifiedChallenge | { readonly resend: Response31512 | undefined }> {
    const { signer, pins, allowPresign = false } = this.#options;
    const myPubkey = await signer.getPublicKey();
    const answered = entries.map((entry) => entry.record);
    const sessionId = fieldOf(challenge.content, "session_id");
    const previous = answered.findLast((record) => record.stage === "ark_tx" && record.sessionId === sessionId);
    const now = Math.floor(Date.now() / 1000);
    const options = { intent, pins, myPubkey, vtxoView, answered, now, allowPresign };
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
}

/** A text field of an unchecked object; empty when it is missing or something else. */
export function fieldOf(content: unknown, field: string): string {
  if (typeof content !== "object" || content === null) return "";
  const value: unknown = Reflect.get(content, field);
  return typeof value === "string" ? value : "";
}
