import type { ArkdState } from "../arkd-state";

/** What the checks may look at. All of them are pure: they throw an ArkdError or return what they read. */
export interface CheckContext {
  readonly state: ArkdState;
  /** x-only, 64 hex. */
  readonly signerPubkey: string;
  /** The server's leaf of every checkpoint output. */
  readonly unrollScript: Uint8Array;
  /** Whether an intent for the next batch, or one in a batch under way, holds the VTXO. */
  readonly isRegistered: (vtxoId: string) => boolean;
  readonly nowSeconds: number;
  readonly medianTime: number;
}
