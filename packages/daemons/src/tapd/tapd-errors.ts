import { FUNDING_REFUSALS, PAYMENT_REFUSALS } from "../lnd/lnd-errors";
import { rejected, type TextRule } from "../text-classifier";

/**
 * tapd's own texts (0.7 and 0.8) of refusals that had no effect; nearly all come with UNKNOWN. As with lnd, what is not here leaves
 * a write `outcome_unknown`.
 */
export const TAPD_TEXTS: readonly TextRule[] = [
  // Wrapped around lnd's answer, so the status may be lost.
  rejected("invoice is already paid", "payment_succeeded"),
  rejected("payment is in transition", "payment_in_flight"),
  rejected("payment already exists", "payment_initiated"),
  rejected("failed to acquire any quotes", "no_quote"),
  rejected("quote ID did not match an accepted quote", "no_quote"),
  rejected("rejecting payment of", "amount_too_small"),
  ...PAYMENT_REFUSALS,

  rejected("invoice with payment hash already exists", "invoice_exists"),
  rejected("minimal transportable amount", "amount_too_small"),
  rejected("error finding asset channel to use", "no_asset_channel"),
  rejected("no asset channels available", "no_asset_channel"),
  rejected("price oracle is not set", "no_price_oracle"),
  rejected("no quotes with sufficient expiry", "quote_too_short"),
  rejected("error acquiring buy order for invoice", "no_quote"),
  rejected("error calculating asset max amount", "amount_refused"),
  rejected("error validating invoice amount", "amount_refused"),

  rejected("error checking peer channel", "no_asset_channel"),
  rejected("rejected quote", "no_quote"),
  rejected("timeout waiting for response from peer", "no_quote"),

  rejected("already in batch", "asset_in_batch"),
  rejected("invalid asset name", "asset_name_refused"),
  rejected("decimal display", "decimal_display_refused"),
  rejected("can't sign with group key", "group_not_ours"),
  rejected("seedling type does not match group asset type", "group_of_another_type"),

  rejected("unable to find asset or group", "asset_unknown"),
  rejected("connection check failed for", "courier_unreachable"),
  rejected("failed to ping proof courier", "courier_unreachable"),
  rejected("unable to decode addr", "address_malformed"),
  rejected("error parsing addresses", "address_malformed"),
  rejected("failed to find coin(s) that satisfy given constraints", "insufficient_units"),
  ...FUNDING_REFUSALS,

  rejected("specify outpoint to disambiguate", "outpoint_needed"),
  rejected("invalid raw proof, expect file", "proof_malformed"),
  rejected("invalid proof file", "proof_malformed"),
  rejected("unable to decode proof file", "proof_malformed"),
  rejected("proof already exists for this transfer", "transfer_exists"),
  rejected("error fetching script key", "script_key_unknown"),
  rejected("proof insert disabled for universe", "universe_closed"),
  rejected("unable to verify proof", "proof_invalid"),
  // Behind those above: tapd wraps it.
  rejected("unable to find proof", "proof_unknown"),
];
