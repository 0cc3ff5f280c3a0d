import { TapdBalancesReply } from "@arkrelay/core/http/grpc";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import type { TaprootAssetBalance } from "@arkrelay/core/ports/taproot-assets";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";

export const tapdBalancesRoute = readRoute({
  path: "/grpc/tapd/balances",
  summary: "What tapd holds of each asset, in base units",
  auth: ["admin"],
  replies: { 200: TapdBalancesReply },
}).handle(async ({ deps }) => {
  const known = await deps.daemons.assetBalances();
  const balances = known.value.map(toBalance).map((balance) => [balance.asset_id, balance] as const);
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

function toBalance({ assetId, balanceUnits, utxoCount, channelUnits }: TaprootAssetBalance) {
  return {
    asset_id: assetId,
    balance: toJsonAmount(balanceUnits),
    utxo_count: utxoCount,
    channel_balance: toJsonAmount(channelUnits),
  };
}
