import { z } from "zod";

import {
  amountOut,
  assetId,
  cursor,
  heldAssetId,
  limit,
  opaqueId,
  page,
  pubkey,
  shortId,
  timestamp,
  txid,
  vtxoId,
} from "./fields";

export const TransactionStatus = z.enum(["pending", "broadcast", "confirmed", "failed"]);

export const P2pTransferBody = z.object({ session_id: opaqueId }).meta({ id: "P2pTransfer" });

export const P2pTransferReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    job_id: opaqueId.optional().meta({ description: "The VTXO sync that the transfer waits for." }),
    transaction: z.object({
      txid: txid
        .nullable()
        .meta({ description: "Planned (it does not depend on the signatures); null while the VTXOs are being read." }),
      amount: amountOut,
      asset_id: assetId,
      fee_sats: amountOut,
      sender: shortId,
      recipient: shortId,
      status: z.literal("pending_signatures"),
    }),
  })
  .meta({ id: "PlannedTransfer" });

export const TransactionParams = z.object({ txid });

const money = { asset_id: heldAssetId.optional(), asset_amount: amountOut.optional() };

export const TransactionReply = z
  .object({
    transaction: z.object({
      txid,
      tx_type: z.string(),
      status: TransactionStatus,
      session_id: opaqueId,
      batch_id: z.string().optional(),
      asset_id: assetId,
      asset_amount: amountOut,
      amount_sats: amountOut,
      fee_sats: amountOut,
      inputs: z.array(z.object({ vtxo_id: vtxoId, amount_sats: amountOut, ...money })),
      outputs: z.array(
        z.object({ vtxo_id: vtxoId, owner: z.enum(["you", "other", "gateway"]), amount_sats: amountOut, ...money }),
      ),
      commitment_txid: txid.optional(),
      block_height: z.int().optional(),
      created_at: timestamp,
      confirmed_at: timestamp.optional(),
      acknowledged_at: timestamp.optional(),
      error_code: z.string().optional(),
      error_message: z.string().optional(),
    }),
  })
  .meta({ id: "Transaction" });

export const TransactionStatusReply = z
  .object({
    txid,
    status: TransactionStatus,
    tx_type: z.string(),
    amount_sats: amountOut,
    fee_sats: amountOut,
    created_at: timestamp,
    confirmed_at: timestamp.optional(),
    block_height: z.int().optional(),
    session_id: opaqueId.optional().meta({ description: "Parties only." }),
    error_message: z.string().optional().meta({ description: "Parties only." }),
  })
  .meta({ id: "TransactionStatus" });

export const BroadcastReply = z
  .object({ success: z.literal(true), txid, job_id: opaqueId })
  .meta({ id: "BroadcastStarted" });

export const UserPubkeyParams = z.object({ user_pubkey: pubkey });

export const UserTransactionsQuery = z.object({
  direction: z.enum(["in", "out"]).optional(),
  asset_id: assetId.optional(),
  limit: limit(),
  cursor,
});

export const UserTransactionsReply = z
  .object({
    transactions: z.array(
      z.object({
        txid,
        status: TransactionStatus,
        tx_type: z.string(),
        direction: z.enum(["in", "out"]),
        amount_sats: amountOut,
        asset_id: assetId,
        asset_amount: amountOut,
        fee_sats: amountOut,
        created_at: timestamp,
        confirmed_at: timestamp.nullable(),
        block_height: z.int().nullable(),
      }),
    ),
    user_pubkey: shortId,
    ...page,
  })
  .meta({ id: "UserTransactions" });

export const AcknowledgeReply = z
  .object({ message: z.string(), txid, acknowledged_at: timestamp })
  .meta({ id: "AcknowledgedTransaction" });
