import { status } from "@grpc/grpc-js";

import { rejected, type TextRule } from "../text-classifier";

/** Given before a payment is stored; through tapd too. */
export const PAYMENT_REFUSALS: readonly TextRule[] = [
  rejected("invoice expired. Valid until", "invoice_expired"),
  rejected("self-payments not allowed", "self_payment"),
  rejected("amount must not be specified when paying", "amount_not_allowed"),
  rejected("amount must be specified when paying", "amount_required"),
  rejected("exceeds maximum possible amount", "amount_too_large"),
  rejected("payment request must contain", "invoice_malformed"),

  rejected("invoice not for current active network", "invoice_other_network"),
  rejected("invalid invoice signature", "invoice_malformed"),
  rejected('prefix should be "ln"', "invoice_malformed"),
  rejected("hrp too short", "invoice_malformed"),
  rejected("short invoice", "invoice_malformed"),
  rejected("checksum failed", "invoice_malformed"),
  rejected("not part of charset", "invoice_malformed"),
  rejected("invalid bech32 string", "invoice_malformed"),
  rejected("invalid character in string", "invoice_malformed"),
  rejected("string not all lowercase or all uppercase", "invoice_malformed"),
  rejected("invalid index of 1", "invoice_malformed"),
];

/** Given before a transaction is made; through tapd too. */
export const FUNDING_REFUSALS: readonly TextRule[] = [
  rejected("not enough witness outputs", "insufficient_funds"),
  rejected("funder balance too small", "insufficient_funds"),
  rejected("insufficient funds available", "insufficient_funds"),
  rejected("reserved wallet balance invalidated", "reserve_needed"),
];

/**
 * lnd's own texts (0.18 to 0.21) of refusals that had no effect. Most come with UNKNOWN. What is not here leaves a write
 * `outcome_unknown`: a text is added only after its place in lnd's source shows that nothing happened before it.
 */
export const LND_TEXTS: readonly TextRule[] = [
  rejected("invoice with payment hash already exists", "invoice_exists"),
  rejected("invoice still open", "invoice_open"),
  rejected("invoice already canceled", "invoice_canceled"),
  rejected("invoice already settled", "invoice_settled"),
  rejected("unable to locate invoice", "invoice_unknown"),
  // A database that never had an invoice says it so, with UNKNOWN before lnd 0.20.
  rejected("there are no existing invoices", "invoice_unknown"),
  rejected("memo too large", "memo_too_long"),
  // A field of a BOLT 11 invoice holds 639 bytes; lnd encodes it before it keeps it.
  rejected("data length too big to fit within 10 bits", "memo_too_long"),

  alreadyExists("invoice is already paid", "payment_succeeded"),
  alreadyExists("payment is in transition", "payment_in_flight"),
  alreadyExists("payment already exists", "payment_initiated"),
  rejected("payment isn't initiated", "payment_unknown"),
  ...PAYMENT_REFUSALS,

  rejected("already connected to peer", "already_connected"),
  rejected("is not online", "peer_offline"),
  rejected("unable to gracefully close channel while peer is offline", "peer_offline"),
  { contains: "channels cannot be created before", verdict: "unavailable", name: "not_synced" },
  rejected("cannot open channel to self", "channel_to_self"),
  rejected("channel is too small", "channel_too_small"),
  rejected("funding amount is too large", "channel_too_large"),
  ...FUNDING_REFUSALS,
  rejected("received funding error from", "peer_refused"),
  rejected("remote canceled funding", "peer_refused"),
  rejected("cannot coop close channel with active htlcs", "active_htlcs"),
  rejected("cannot co-op close frozen channel", "channel_frozen"),
  rejected("force closing a channel uses a pre-defined fee", "fee_not_allowed"),
  rejected("channel not found", "channel_unknown"),
  rejected("no active channels exist", "channel_unknown"),

  rejected("is not valid for this network", "address_other_network"),
  rejected("cannot send coins to pubkeys", "address_malformed"),
  rejected("decoded address is of unknown format", "address_malformed"),
  rejected("checksum mismatch", "address_malformed"),
  rejected("transaction output is dust", "amount_dust"),
];

function alreadyExists(contains: string, name: string): TextRule {
  return { ...rejected(contains, name), code: status.ALREADY_EXISTS };
}
