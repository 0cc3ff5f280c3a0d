import { NoQuery } from "@arkrelay/core/http/fields";
import { AssetCleanupReply, VtxoCleanupReply } from "@arkrelay/core/http/inventory";
import { expireVtxos } from "@arkrelay/core/vtxo/expire-vtxos";

import { writeRoute } from "../../http/route";

export const cleanupVtxosRoute = writeRoute({
  method: "POST",
  path: "/vtxos/cleanup",
  summary: "Mark VTXOs whose time is over as expired; spent, settled and locked ones stay",
  auth: ["admin"],
  query: NoQuery,
  replies: { 200: VtxoCleanupReply },
}).handle(async ({ deps }) => {
  // Transactions of its own, batch after batch: doing it twice is harmless.
  const { count } = await expireVtxos(deps.expiry);
  return { status: 200, body: { message: "Expired VTXOs marked", cleaned_count: count } };
});

export const cleanupAssetVtxosRoute = writeRoute({
  method: "POST",
  path: "/assets/cleanup-vtxos",
  summary: "The same as /vtxos/cleanup, with the sats on what was marked",
  auth: ["admin"],
  query: NoQuery,
  replies: { 200: AssetCleanupReply },
}).handle(async ({ deps }) => {
  const { count, amountSats } = await expireVtxos(deps.expiry);
  const result = { cleaned_vtxos: count, total_amount_sats: Number(amountSats) };
  return { status: 200, body: { message: "Expired VTXOs marked", result } };
});
