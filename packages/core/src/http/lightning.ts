import { z } from "zod";

import {
  amount,
  amountOut,
  assetId,
  count,
  cursor,
  limit,
  opaqueId,
  pubkey,
  pubkeyOut,
  timestamp,
  txid,
  wholeNumber,
} from "./fields";

export const paymentHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex")
  .meta({ description: "Payment hash, 64 lower-case hex." });

const AMOUNT_NOTE = "gBTC: sats. One of amount_sats and amount is needed; an asset other than gBTC takes amount only.";

/** `amount_sats` or `amount`: read by `readLightningAmount`, because what is right depends on the asset. */
const amountFields = {
  amount_sats: amount.optional().meta({ description: AMOUNT_NOTE, example: 50_000 }),
  amount: amount.optional().meta({ description: "Base units of the asset.", example: 50_000 }),
};

const MEMO_MAX = 200;
/** Longer than any invoice in use; a BOLT11 text has no limit of its own. */
const INVOICE_CHARS_MAX = 4_096;

export const LiftBody = z
  .object({
    user_pubkey: pubkey,
    asset_id: assetId,
    ...amountFields,
    memo: z.string().max(MEMO_MAX).optional(),
  })
  .meta({ id: "LightningLift" });

export const LandBody = z
  .object({
    user_pubkey: pubkey,
    asset_id: assetId,
    ...amountFields,
    lightning_invoice: z.string().min(1).max(INVOICE_CHARS_MAX).meta({ description: "BOLT11." }),
  })
  .meta({ id: "LightningLand" });

export const LiftStatusName = z.enum([
  "pending",
  "accepted",
  "delivering",
  "delivered",
  "paid",
  "lost",
  "expired",
  "cancelled",
]);
export const LandStatusName = z.enum([
  "pending_payment",
  "received",
  "in_flight",
  "paid",
  "failed",
  "refunding",
  "refunded",
  "cancelled",
  "expired",
]);
export const InvoiceStatusName = z.enum([...new Set([...LiftStatusName.options, ...LandStatusName.options])]);
export const invoiceType = z.enum(["lift", "land"]);

const operation = {
  success: z.literal(true),
  operation_id: opaqueId,
  session_id: opaqueId,
  payment_hash: paymentHash,
};

export const LiftReply = z
  .object({
    ...operation,
    bolt11_invoice: z.string().nullable().meta({ description: "Null until the node has made it." }),
    details: z.object({
      user_pubkey: pubkeyOut,
      asset_id: assetId,
      amount_sats: amountOut.optional().meta({ description: "gBTC only." }),
      amount: amountOut,
      carrier_units: amountOut.optional(),
      status: LiftStatusName,
      expires_at: timestamp,
      fee_sats: z.literal(0),
    }),
  })
  .meta({ id: "Lift" });

export const LandReply = z
  .object({
    ...operation,
    job_id: opaqueId.optional().meta({ description: "The VTXO sync that the land waits for." }),
    bolt11_invoice: z.string(),
    details: z.object({
      user_pubkey: pubkeyOut,
      asset_id: assetId,
      amount_sats: amountOut.optional().meta({ description: "gBTC only, as fee_sats and total_sats." }),
      fee_sats: amountOut.optional(),
      total_sats: amountOut.optional(),
      amount: amountOut,
      fee: amountOut,
      total: amountOut,
      quoted_units: amountOut.optional(),
      expires_at: timestamp,
      txid: txid
        .nullable()
        .meta({ description: "Planned (it does not depend on the signatures); null while the VTXOs are being read." }),
    }),
  })
  .meta({ id: "Land" });

export const PaymentHashParams = z.object({ payment_hash: paymentHash });

export const ResumeLandReply = z
  .object({
    success: z.literal(true),
    operation_id: opaqueId,
    payment_hash: paymentHash,
    job_id: opaqueId,
    details: z.object({ status: LandStatusName }),
  })
  .meta({ id: "ResumedLand" });

/** Told when an answer comes from our rows while lnd is away: `as_of` is when lnd was last seen. */
export const staleness = {
  stale: z.literal(true).optional().meta({ description: "lnd is away: this is what was known at `as_of`." }),
  as_of: timestamp.optional(),
};

export const InvoiceReply = z
  .object({
    invoice_status: z.object({
      payment_hash: paymentHash,
      status: InvoiceStatusName,
      amount_sats: amountOut,
      asset_id: assetId,
      invoice_type: invoiceType,
      created_at: timestamp,
      expires_at: timestamp,
      paid_at: timestamp.optional(),
      bolt11_invoice: z.string().nullable(),
      lnd_settled: z.boolean(),
      txid: txid.optional(),
      error_code: z.string().optional(),
      preimage: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .optional()
        .meta({ description: "Parties only, once paid." }),
      fee_sats: amountOut.optional().meta({ description: "Parties only." }),
    }),
    ...staleness,
  })
  .meta({ id: "LightningInvoiceStatus" });

export const FeeEstimateParams = z.object({ amount_sats: wholeNumber(1) });
export const FeeEstimateQuery = z.object({
  direction: z.enum(["land", "lift"]).default("land"),
  asset_id: assetId.optional(),
});

export const FeeEstimateReply = z
  .object({
    fee_estimate: z.object({
      amount_sats: amountOut,
      base_fee: amountOut,
      routing_fee: amountOut,
      carrier_units: amountOut,
      total_fee: amountOut,
      total_amount: amountOut,
      fee_percentage: z.number(),
    }),
  })
  .meta({ id: "LightningFeeEstimate" });

/** `count` is what newer lists call `total_count`: the items of this page. */
export const olderPage = { count, next_cursor: z.string().nullable() };

export const ActivityParams = z.object({ user_pubkey: pubkey });
export const ActivityQuery = z.object({ limit: limit(), cursor });

export const ActivityReply = z
  .object({
    user_activity: z.array(
      z.object({
        payment_hash: paymentHash,
        amount_sats: amountOut,
        asset_id: assetId,
        invoice_type: invoiceType,
        status: InvoiceStatusName,
        created_at: timestamp,
        paid_at: timestamp.nullable(),
        bolt11_invoice: z.string().nullable(),
      }),
    ),
    user_pubkey: pubkeyOut,
    ...olderPage,
    ...staleness,
  })
  .meta({ id: "LightningActivity" });
