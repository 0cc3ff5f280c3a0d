import { AppError } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { SubmitState } from "../session/session";

/** What follows from one look at the inputs of a transaction that arkd may have. */
export type SubmitVerdict =
  /** An input is spent by this very transaction. */
  | { readonly kind: "accepted" }
  /** Another transaction spent an input: this one can never be accepted. */
  | { readonly kind: "spent"; readonly lost: ArkVtxo }
  /** Send the same transaction again. */
  | { readonly kind: "resubmit" }
  /** Refused, and not proven yet: look again at `until`. `cleanReadAt` is to be kept when it is given. */
  | { readonly kind: "look_again"; readonly until: Date; readonly cleanReadAt?: string }
  /** Refused for good: all inputs unspent in two looks, long after the last unanswered send and far apart. */
  | { readonly kind: "refused"; readonly refusal: NonNullable<SubmitState["refusal"]> };

export interface InputsLook {
  readonly arkTxid: string;
  readonly inputIds: readonly string[];
  /** What arkd listed of them. */
  readonly vtxos: readonly ArkVtxo[];
  readonly state: SubmitState | undefined;
  /** When the look began. */
  readonly askedAt: Date;
  readonly now: Date;
  /** Deadline of one call to arkd: how long a lost send may still take effect. */
  readonly daemonTimeoutMs: number;
}

/**
 * What arkd knows of a transaction that we may have sent, judged by its inputs alone: no error code says it. Throws
 * `daemon_unavailable` for a look that shows nothing (arkd does not list every input).
 */
export function judgeInputs(look: InputsLook): SubmitVerdict {
  const { arkTxid, vtxos, state } = look;
  if (vtxos.some((vtxo) => vtxo.arkTxid === arkTxid)) return { kind: "accepted" };
  const lost = vtxos.find((vtxo) => vtxo.isSpent);
  if (lost !== undefined) return { kind: "spent", lost };
  if (state?.refusal == null) return { kind: "resubmit" };
  const seen = new Set(vtxos.map((vtxo) => vtxo.vtxoId));
  // An input arkd does not list is not one it shows as unspent: nothing follows from such a look.
  if (!look.inputIds.every((id) => seen.has(id))) {
    throw arkdAway(`arkd does not list every input of ${arkTxid}`);
  }
  return judgeRefusal(look, { ...state, refusal: state.refusal });
}

function judgeRefusal(
  { askedAt, now, daemonTimeoutMs }: InputsLook,
  state: SubmitState & { readonly refusal: NonNullable<SubmitState["refusal"]> },
): SubmitVerdict {
  const quietMs = 2 * daemonTimeoutMs;
  const firstLookAt =
    state.lastUnansweredAt === null ? askedAt : new Date(Date.parse(state.lastUnansweredAt) + quietMs);
  if (askedAt < firstLookAt) return { kind: "look_again", until: firstLookAt };
  if (state.cleanReadAt === null) {
    return { kind: "look_again", until: new Date(now.getTime() + quietMs), cleanReadAt: now.toISOString() };
  }
  const secondLookAt = new Date(Date.parse(state.cleanReadAt) + quietMs);
  if (askedAt < secondLookAt) return { kind: "look_again", until: secondLookAt };
  return { kind: "refused", refusal: state.refusal };
}

/** What is written down before a send. */
export function sendingAt(before: SubmitState, now: Date): SubmitState {
  return { ...before, sends: before.sends + 1, lastUnansweredAt: now.toISOString(), cleanReadAt: null };
}

/**
 * A process may sleep between writing its send down and sending (a paused machine). By then another one may have proven the
 * transaction dead and freed its inputs, so what was written down too long ago is not sent any more: `daemon_unavailable`.
 */
export function requireAwake(state: SubmitState | undefined, now: Date, daemonTimeoutMs: number): void {
  const writtenAt = Date.parse(state?.lastUnansweredAt ?? "");
  if (now.getTime() - writtenAt < daemonTimeoutMs) return;
  throw arkdAway("the send was written down too long ago");
}

/**
 * Keeps "refused", "not sent" and "unknown" apart; what follows from each is decided by a look at the inputs. undefined = the error
 * says nothing about the send.
 */
export function afterFailedSend(
  sent: SubmitState,
  before: SubmitState,
  error: AppError,
  now: Date,
): SubmitState | undefined {
  switch (error.code) {
    case "daemon_rejected": {
      const refusal = { code: detail(error, "daemon_code"), name: detail(error, "daemon_name") };
      return { ...sent, lastUnansweredAt: before.lastUnansweredAt, refusal };
    }
    case "daemon_unavailable":
    case "daemon_auth_failed":
      return { ...sent, lastUnansweredAt: before.lastUnansweredAt };
    // What counts is when we gave up waiting: a call may have spent long in queues and retries before that.
    case "outcome_unknown":
      return { ...sent, lastUnansweredAt: now.toISOString() };
    default:
      return undefined;
  }
}

/** arkd's refusal as the error that its session or payout ends with. */
export function refusalError(refusal: NonNullable<SubmitState["refusal"]>): AppError {
  return new AppError("daemon_rejected", {
    details: { service: "arkd", daemon_code: refusal.code, daemon_name: refusal.name },
  });
}

function detail(error: AppError, key: string): string {
  const value = error.details?.[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function arkdAway(internal: string): AppError {
  return new AppError("daemon_unavailable", { internal, details: { service: "arkd" } });
}
