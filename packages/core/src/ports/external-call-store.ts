import type { Attempt } from "../jobs/attempt-store";
import type { Tx } from "./transactions";

/**
 * `sent` = it may have had its effect and nobody has said so yet; `unknown` = asked and no answer told. Both are looked up and never
 * sent again. `failed` = certainly without effect.
 */
export type ExternalCallState = "sent" | "confirmed" | "failed" | "unknown";

/** The intention behind one write to a daemon, written before it. Unique per (service, kind, businessKey). */
export interface ExternalCall {
  readonly service: string;
  readonly kind: string;
  /** What the daemon keeps with the effect (a memo, a label), so that it can be found again. */
  readonly businessKey: string;
  readonly state: ExternalCallState;
  /** What the daemon calls the effect (a channel point, a txid), once it is confirmed. */
  readonly externalId: string | undefined;
}

export interface NewExternalCall extends Pick<ExternalCall, "service" | "kind" | "businessKey"> {
  /** What will be sent; JSON, without secrets. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** Writes of jobs. `begin` and `end` assert the attempt first: a stale one writes nothing (StaleAttempt). */
export interface ExternalCallStore {
  find(key: Pick<ExternalCall, "service" | "kind" | "businessKey">): Promise<ExternalCall | undefined>;
  /**
   * State `sent`, from nothing or from `failed`, in the transaction that also commits the job to its write: false = a cancel came
   * before, and nothing may be sent.
   */
  begin(tx: Tx, attempt: Attempt, call: NewExternalCall): Promise<boolean>;
  /** State `sent` for a job that commits to its write in the transaction that inserts it: it can never be cancelled. */
  open(tx: Tx, jobId: string, call: NewExternalCall): Promise<void>;
  /** sent or unknown -> its outcome. */
  end(
    tx: Tx,
    attempt: Attempt,
    key: Pick<ExternalCall, "service" | "kind" | "businessKey">,
    outcome:
      | { readonly state: "confirmed"; readonly externalId: string }
      | { readonly state: "failed" | "unknown"; readonly error: string },
  ): Promise<void>;
  /** sent or unknown -> confirmed, by whoever books the effect; the job itself may be dead by then. */
  confirm(tx: Tx, key: Pick<ExternalCall, "service" | "kind" | "businessKey">, externalId: string): Promise<void>;
}
