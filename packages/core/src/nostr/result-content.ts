import { z } from "zod";

import { hex32, isoTime, vtxoId } from "./field-schemas";

export interface ConfirmedOutput {
  readonly vtxo_id: string;
  readonly amount: number;
  readonly asset_id: string;
  /** x-only key of the owner, 64 hex. */
  readonly recipient: string;
}

/** Content of a 31340: public, so it holds no invoice, preimage, memo or script. */
export type ConfirmationContent = ConfirmationBase &
  (
    | { readonly ref_action_id: string }
    /** Every action of a batch. */
    | { readonly batch_id: string; readonly ref_action_ids: readonly string[] }
  );

interface ConfirmationBase {
  readonly status: "success";
  readonly results: {
    readonly txid: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly ConfirmedOutput[];
    readonly fee_paid: number;
    readonly fee_asset_id: string;
    /** Of a lift or land, 64 hex. */
    readonly payment_hash?: string;
    /** Of a renewal: the transaction that brought the fresh VTXOs. */
    readonly payout_txid?: string;
    /** Of a renewal of swept VTXOs: the batch that brought the fresh ones, which is also its `txid`. */
    readonly commitment_txid?: string;
    /** When the outputs expire, ISO-8601 UTC. Null when arkd has not said. */
    readonly expires_at: string | null;
  };
  /** ISO-8601 UTC with milliseconds. */
  readonly timestamp: string;
}

/** Plain text of a 31341. `message` is the code's fixed text, never an exception's. */
export interface FailureContent {
  readonly status: "failure";
  readonly ref_action_id: string;
  /** Integer class of the error table. */
  readonly code: number;
  readonly message: string;
  /** `code` is the text code of the error table; the other keys are listed there. */
  readonly details: { readonly code: string; readonly [key: string]: unknown };
  /** ISO-8601 UTC with milliseconds. */
  readonly timestamp: string;
}

const confirmed = {
  status: z.literal("success"),
  results: z.strictObject({
    txid: hex32,
    inputs: z.array(vtxoId),
    outputs: z.array(
      z.strictObject({ vtxo_id: vtxoId, amount: z.int().min(1), asset_id: z.string(), recipient: hex32 }),
    ),
    fee_paid: z.int().min(0),
    fee_asset_id: z.string(),
    payment_hash: hex32.exactOptional(),
    payout_txid: hex32.exactOptional(),
    commitment_txid: hex32.exactOptional(),
    expires_at: isoTime.nullable(),
  }),
  timestamp: isoTime,
};

export const confirmationContentSchema: z.ZodType<ConfirmationContent> = z.union([
  z.strictObject({ ...confirmed, ref_action_id: z.string() }),
  z.strictObject({ ...confirmed, batch_id: z.string(), ref_action_ids: z.array(z.string()) }),
]);

export const failureContentSchema: z.ZodType<FailureContent> = z.strictObject({
  status: z.literal("failure"),
  ref_action_id: z.string(),
  code: z.int().min(1000).max(5999),
  message: z.string(),
  details: z.looseObject({ code: z.string() }),
  timestamp: isoTime,
});
