import { TapdBalancesReply } from "@arkrelay/core/http/grpc";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";

export const tapdBalancesRoute = readRoute({
  path: "/grpc/tapd/balances",
  summary: "What tapd holds of each asset, in base units",
  auth: ["admin"],
  replies: { 200: TapdBalancesReply },
}).handle(async ({ deps }) => {
  const known = await deps.daemons.assetBalances();
  const balances = known.value.map((asset) => [
    asset.assetId,
    {
      asset_id: asset.assetId,
      balance: Number(asset.balanceUnits),
      utxo_count: asset.utxoCount,
      channel_balance: Number(asset.channelUnits),
    },
  ]);
  return {
    status: 200,
    body: {
      service: "tapd",
      connected: known.asOf === undefined,
      ...staleFields(known),
      balances: Object.fromEntries(balances),
    },
  };
});
