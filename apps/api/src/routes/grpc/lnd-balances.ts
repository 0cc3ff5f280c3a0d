import { LndBalancesReply } from "@arkrelay/core/http/grpc";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";

export const lndBalancesRoute = readRoute({
  path: "/grpc/lnd/balances",
  summary: "What lnd holds in channels and on chain, in sats",
  auth: ["admin"],
  replies: { 200: LndBalancesReply },
}).handle(async ({ deps }) => {
  const known = await deps.lnd.balances();
  const { lightning, onchain } = known.value;
  // Whole sats: the part of a sat cannot be spent on chain.
  const localSats = Number(lightning.localMsat / 1000n);
  return {
    status: 200,
    body: {
      service: "lnd",
      connected: known.asOf === undefined,
      ...staleFields(known),
      balances: {
        lightning_local_balance: localSats,
        lightning_remote_balance: Number(lightning.remoteMsat / 1000n),
        onchain_total: Number(onchain.totalSats),
        onchain_confirmed: Number(onchain.confirmedSats),
        onchain_unconfirmed: Number(onchain.unconfirmedSats),
        total_wallet_balance: Number(onchain.totalSats) + localSats,
      },
    },
  };
});
