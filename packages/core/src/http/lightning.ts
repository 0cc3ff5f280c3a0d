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
  queryFlag,
  timestamp,
  txid,
  wholeNumber,
} from "./fields";

const paymentHash = z
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
const InvoiceStatusName = z.enum([...new Set([...LiftStatusName.options, ...LandStatusName.options])]);
const invoiceType = z.enum(["lift", "land"]);

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

export const InvoiceListQuery = z.object({ pending_only: queryFlag.optional(), limit: limit(), cursor });

/** `count` is what newer lists call `total_count`: the items of this page. */
const olderPage = { count, next_cursor: z.string().nullable() };

export const InvoiceListReply = z
  .object({
    invoices: z.array(
      z.object({
        payment_hash: paymentHash,
        payment_request: z.string().nullable(),
        value: amountOut.meta({ description: "Sats." }),
        settled: z.boolean(),
        creation_date: timestamp,
        expiry: z.int().min(0).meta({ description: "Seconds the invoice is valid for." }),
        memo: z.string(),
        status: InvoiceStatusName,
        invoice_type: invoiceType,
      }),
    ),
    pending_only: z.boolean(),
    ...olderPage,
    ...staleness,
  })
  .meta({ id: "LightningInvoiceList" });

export const PaymentListQuery = z.object({ limit: limit(), cursor });

export const PaymentListReply = z
  .object({
    payments: z.array(
      z.object({
        payment_hash: paymentHash,
        value: amountOut.meta({ description: "Sats." }),
        fee: amountOut.nullable().meta({ description: "Routing fee in sats, rounded up; null until it is known." }),
        payment_preimage: z.null().meta({ description: "Shown to the parties by the invoice's own route." }),
        payment_request: z.string().nullable(),
        status: LandStatusName,
        creation_time: timestamp,
        completion_time: timestamp.optional(),
      }),
    ),
    ...olderPage,
    ...staleness,
  })
  .meta({ id: "LightningPaymentList" });

export const LightningBalancesReply = z
  .object({
    lightning_balances: z.object({
      lightning: z.object({
        local_balance: amountOut,
        remote_balance: amountOut,
        pending_open_local: amountOut,
        pending_open_remote: amountOut,
      }),
      onchain: z.object({
        total_balance: amountOut,
        confirmed_balance: amountOut,
        unconfirmed_balance: amountOut,
        locked_balance: amountOut,
      }),
      total_wallet_balance: amountOut.meta({ description: "On chain plus our side of the channels, sats." }),
    }),
    ...staleness,
  })
  .meta({ id: "LightningBalances" });

export const LightningChannelsReply = z
  .object({
    channels: z.array(
      z.object({
        channel_id: z.string().meta({ description: "lnd's chan_id, decimal; it does not fit a JSON number." }),
        channel_point: z.string(),
        remote_pubkey: z.string(),
        capacity: amountOut,
        local_balance: amountOut,
        remote_balance: amountOut,
        private: z.boolean(),
        active: z.boolean(),
        funding_txid: txid,
      }),
    ),
    count,
    ...staleness,
  })
  .meta({ id: "LightningChannels" });

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

const HOURS_MAX = 720;
export const StatisticsQuery = z.object({ hours: wholeNumber(1, HOURS_MAX).default(24) });

export const StatisticsReply = z
  .object({
    lightning_statistics: z.object({
      time_range_hours: count,
      total_invoices: count,
      paid_invoices: count,
      pending_invoices: count,
      expired_invoices: count,
      lift_invoices: count,
      land_invoices: count,
      total_volume_sats: amountOut,
      payment_rate: z.number().meta({ description: "Per cent of the invoices in the range that are paid." }),
    }),
    ...staleness,
  })
  .meta({ id: "LightningStatistics" });

export const LightningMonitorReply = z
  .object({
    monitor_health: z.object({
      is_running: z.boolean(),
      last_check_time: timestamp.nullable(),
      check_interval: z.number().nullable().meta({ description: "Seconds." }),
      event_handlers_count: count,
      redis_connected: z.boolean(),
      lnd_connected: z.boolean(),
      cursor: z.object({
        add_index: z.string().meta({ description: "Decimal; lnd counts in 64 bits." }),
        settle_index: z.string(),
      }),
      unknown_payments: count,
    }),
  })
  .meta({ id: "LightningMonitorHealth" });
