import { LightningBalancesReply } from "@arkrelay/core/http/lightning-operator";

import { readRoute } from "../../http/route";
import { staleFields } from "../../last-known";

export const lightningBalancesRoute = readRoute({
  path: "/lightning/balances",
  summary: "What lnd holds in channels and on chain, in sats",
  auth: ["admin"],
  replies: { 200: LightningBalancesReply },
}).handle(async ({ deps }) => {
  const known = await deps.lnd.balances();
  const { lightning, onchain } = known.value;
  const localSats = toSats(lightning.localMsat);
  return {
    status: 200,
    body: {
      lightning_balances: {
        lightning: {
          local_balance: localSats,
          remote_balance: toSats(lightning.remoteMsat),
          pending_open_local: toSats(lightning.pendingOpenLocalMsat),
          pending_open_remote: toSats(lightning.pendingOpenRemoteMsat),
        },
        onchain: {
          total_balance: Number(onchain.totalSats),
          confirmed_balance: Number(onchain.confirmedSats),
          unconfirmed_balance: Number(onchain.unconfirmedSats),
          locked_balance: Number(onchain.lockedSats),
        },
        total_wallet_balance: Number(onchain.totalSats) + localSats,
      },
      ...staleFields(known),
    },
  };
});

/** Whole sats of what we hold: the part of a sat cannot be spent on chain. */
function toSats(msat: bigint): number {
  return Number(msat / 1000n);
}
