import { z } from "zod";

import { amountOut, count, cursor, limit, queryFlag, timestamp, txid, wholeNumber } from "./fields";
import { InvoiceStatusName, invoiceType, LandStatusName, olderPage, paymentHash, staleness } from "./lightning";

/** What an operator reads under /lightning: all lifts and lands, and the node below them. */

export const InvoiceListQuery = z.object({ pending_only: queryFlag.optional(), limit: limit(), cursor });

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
