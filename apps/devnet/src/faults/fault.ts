/** Daemons devnet simulates today; the others of the contract answer 400. */
export const FAULT_TARGETS = ["arkd", "relay"] as const;
export type FaultTarget = (typeof FAULT_TARGETS)[number];

/** What can go wrong on purpose; README.md says what each kind does at each target. */
export const FAULT_KINDS = [
  "error_before",
  "lose_reply",
  "delay",
  "cut_stream",
  "stall",
  "duplicate",
  "drop",
  "reorder",
  "down",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface FaultSpec {
  readonly target: FaultTarget;
  /** Name of the RPC, or of the NIP-01 message for the relay; `*` = all. */
  readonly method: string;
  readonly kind: FaultKind;
  /** gRPC status name of an error; UNAVAILABLE when absent. */
  readonly code?: string;
  readonly delayMs?: number;
  /** How often it strikes before it is gone. */
  readonly times: number;
  /** 0..1, drawn from the seed at every chance. */
  readonly probability: number;
}

export interface Fault extends FaultSpec {
  readonly id: string;
}
