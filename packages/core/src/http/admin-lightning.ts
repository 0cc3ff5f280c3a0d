import { z } from "zod";

import { amount, amountOut, count, cursor, jsonObject, limit, opaqueId, page, timestamp } from "./fields";
import { paymentHash, staleness } from "./lightning";

/** Each item is looked up at lnd, so a page is small. */
const UNKNOWN_LIMIT = 20;

export const UnknownListQuery = z.object({ limit: limit(UNKNOWN_LIMIT, UNKNOWN_LIMIT), cursor });

const TrackedPayment = z.object({
  status: z.string(),
  failure_reason: z.string(),
  payment_index: z.string(),
  value_msat: z.string(),
  fee_msat: z.string(),
});
const PaymentHtlc = z.object({ attempt_id: z.string(), status: z.string() });

const LookedUpInvoice = z.object({
  state: z.string(),
  value_msat: z.string(),
  amt_paid_msat: z.string(),
  add_index: z.string(),
  settle_index: z.string().meta({ description: "0 until lnd has settled it." }),
  expires_at: timestamp,
});
const InvoiceHtlc = z.object({
  status: z.string(),
  amt_msat: z.string(),
  expiry_height: count.meta({ description: "The block from which the sender's node may take the HTLC back." }),
});

const UnknownPayment = z.object({
  payment_hash: paymentHash,
  operation_id: opaqueId,
  invoice_type: z.enum(["lift", "land"]),
  amount_sats: amountOut,
  status: z.string(),
  since: timestamp.meta({ description: "Since when there is no clear answer." }),
  reason: z.string().nullable().meta({ description: "What was written down about it, as far as it says more." }),
  last_check: timestamp.nullable().meta({ description: "When lnd answered; null while it is away." }),
  evidence: z.object({
    track_result: z
      .union([TrackedPayment, LookedUpInvoice, z.literal("not_found")])
      .nullable()
      .meta({
        description: "What lnd says of the hash now, a land's payment or a lift's invoice; null while it is away.",
      }),
    htlcs: z.array(z.union([PaymentHtlc, InvoiceHtlc])),
    ledger: z.array(
      z.object({
        kind: z.string(),
        at: timestamp,
        account: z.string(),
        asset_id: z.string(),
        amount: z.string().meta({ description: "Decimal; gBTC in msat." }),
      }),
    ),
    attempts: z.array(
      z.object({
        attempt: count,
        status: z.string(),
        payment_index: z.string().nullable(),
        lnd_pubkey: z.string(),
        top_index: z.string(),
        sent_at: timestamp.nullable(),
        terminal: z.string().nullable(),
      }),
    ),
  }),
});

export const UnknownListReply = z.object({ unknown: z.array(UnknownPayment), ...page }).meta({ id: "UnknownPayments" });
export const UnknownReply = z
  .object({ unknown: UnknownPayment.meta({ description: "With everything known about it." }) })
  .meta({ id: "UnknownPayment" });

export const RecheckReply = z
  .object({ message: z.string(), operation_id: opaqueId, payment_hash: paymentHash, status: z.string() })
  .meta({ id: "RecheckedPayment" });

const pendingChannel = {
  channel_point: z.string(),
  remote_pubkey: z.string(),
  capacity: amountOut,
  local_balance: amountOut,
  memo: z.string(),
};
const closingChannel = { ...pendingChannel, closing_txid: z.string(), limbo_sats: amountOut };

export const PendingChannelsReply = z
  .object({
    pending: z.object({
      opening: z.array(z.object(pendingChannel)),
      closing: z.array(z.object(closingChannel)),
      force_closing: z.array(z.object({ ...closingChannel, blocks_til_maturity: z.int() })),
      limbo_sats: amountOut,
    }),
    ...staleness,
  })
  .meta({ id: "PendingChannels" });

const nodePubkey = z.string().regex(/^0[23][0-9a-f]{64}$/, "must be 66 lower-case hex (a node's key)");
const channelPoint = z.string().regex(/^[0-9a-f]{64}:\d{1,5}$/, "must be txid:output");
/** Above it a fee is a typing error. */
const SAT_PER_VBYTE_MAX = 5_000;
const satPerVbyte = z.int().min(1).max(SAT_PER_VBYTE_MAX).optional();
const dryRun = z.boolean().default(true).meta({ description: "true: only show the plan." });

export const OpenChannelBody = z
  .object({
    node_pubkey: nodePubkey,
    host: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9.:[\]-]+$/, "must be host:port")
      .optional(),
    amount_sats: amount,
    private: z.boolean().default(false),
    sat_per_vbyte: satPerVbyte,
    dry_run: dryRun,
  })
  .meta({ id: "OpenChannel" });

export const CloseChannelBody = z
  .object({
    channel_point: channelPoint,
    force: z.boolean().default(false),
    confirm: z.string().max(80).optional().meta({ description: "With force: the channel_point once more." }),
    sat_per_vbyte: satPerVbyte.meta({ description: "Not with force." }),
    dry_run: dryRun,
  })
  .refine((body) => !body.force || body.confirm === body.channel_point, {
    path: ["confirm"],
    message: "must repeat channel_point to force a close",
  })
  .refine((body) => !body.force || body.sat_per_vbyte === undefined, {
    path: ["sat_per_vbyte"],
    message: "is not taken with force: the commitment transaction has its fee already",
  })
  .meta({ id: "CloseChannel" });

export const SendOnchainBody = z
  .object({
    address: z
      .string()
      .max(120)
      .regex(/^[A-Za-z0-9]{14,}$/, "must be a Bitcoin address"),
    amount_sats: amount,
    sat_per_vbyte: satPerVbyte,
    dry_run: dryRun,
  })
  .meta({ id: "SendOnchain" });

export const NewAddressBody = z
  .object({ type: z.enum(["p2tr", "p2wkh", "np2wkh"]).default("p2tr") })
  .meta({ id: "NewAddress" });

/** What will be done, in words and numbers; a dry run adds what lnd says about it. */
const Plan = jsonObject;

export const PlanReply = z.object({ message: z.string(), dry_run: z.literal(true), plan: Plan }).meta({ id: "Plan" });
export const StartedReply = z
  .object({ message: z.string(), job_id: opaqueId, dry_run: z.literal(false), plan: Plan })
  .meta({ id: "StartedOnPlan" });

export const NewAddressStartedReply = z
  .object({ message: z.string(), job_id: opaqueId })
  .meta({ id: "AddressOrdered" });
export const NewAddressReply = z
  .object({ message: z.string(), job_id: opaqueId, address: z.string() })
  .meta({ id: "Address" });
