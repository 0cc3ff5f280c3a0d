import { z } from "zod";

import { amountOut, count, opaqueId, pubkeyOut, timestamp } from "./fields";

const daemonName = z.enum(["arkd", "tapd", "lnd"]);

/** `connected: false` goes with what was known before the daemon went away, never with a made-up value. */
const reached = {
  connected: z.boolean(),
  stale: z.literal(true).optional().meta({ description: "The daemon is away: this is what was known at `as_of`." }),
  as_of: timestamp.optional(),
};

export const ArkdInfoReply = z
  .object({
    service: z.literal("arkd"),
    ...reached,
    network_info: z.object({
      network: z.string(),
      block_height: count.nullable().meta({ description: "From lnd; null without one." }),
      synced: z
        .boolean()
        .nullable()
        .meta({ description: "Whether lnd has caught up with the chain; null without one." }),
      version: z.string(),
      signer_pubkey: pubkeyOut,
      unilateral_exit_delay: count,
      dust: amountOut,
      digest: z.string(),
    }),
  })
  .meta({ id: "ArkdInfo" });

export const TapdBalancesReply = z
  .object({
    service: z.literal("tapd"),
    ...reached,
    balances: z.record(
      z.string(),
      z.object({ asset_id: z.string(), balance: amountOut, utxo_count: count, channel_balance: amountOut }),
    ),
  })
  .meta({ id: "TapdBalances" });

export const LndBalancesReply = z
  .object({
    service: z.literal("lnd"),
    ...reached,
    balances: z.object({
      lightning_local_balance: amountOut,
      lightning_remote_balance: amountOut,
      onchain_total: amountOut,
      onchain_confirmed: amountOut,
      onchain_unconfirmed: amountOut,
      total_wallet_balance: amountOut,
    }),
  })
  .meta({ id: "LndBalances" });

export const ReconnectParams = z.object({ service: daemonName });

export const ReconnectReply = z
  .object({ message: z.string(), service: daemonName, job_id: opaqueId })
  .meta({ id: "Reconnect" });
