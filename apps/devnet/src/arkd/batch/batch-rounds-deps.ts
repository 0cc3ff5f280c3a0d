import type { CheckContext } from "../engine/checks/check-context";
import type { ArkdRecord } from "../engine/records";
import type { BatchEvent } from "./batch-streams";
import type { BatchParams } from "./build-batch";

/** What batches need of the engine around them. */
export interface BatchRoundsDeps {
  readonly context: () => CheckContext;
  /** Everything of a batch's transactions that the keys and settings decide. */
  readonly params: () => BatchParams;
  readonly signerSecret: Uint8Array;
  readonly nowMs: () => number;
  readonly sessionMs: () => number;
  readonly newId: () => string;
  readonly randomBytes: () => Uint8Array;
  readonly emit: (event: BatchEvent, topics?: readonly string[]) => void;
  readonly commit: (record: Extract<ArkdRecord, { type: "settled" }>) => void;
  /** Runs later, unless the returned function is called before. */
  readonly schedule: (ms: number, run: () => void) => () => void;
}
