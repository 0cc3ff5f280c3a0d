import type { NostrEvent } from "../nostr-event.js";

/** What a wallet may show while it pays. */
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

export type StepReporter = (name: PaymentStep["name"], extra?: Partial<PaymentStep>) => void;

/** Adds the session and the time since `startedAt` (ms) to every step. */
export function createStepReporter(
  onStep: ((step: PaymentStep) => void) | undefined,
  startedAt: number,
  sessionId: string,
): StepReporter {
  return (name, extra = {}) => onStep?.({ name, sessionId, elapsedMs: Date.now() - startedAt, ...extra });
}
