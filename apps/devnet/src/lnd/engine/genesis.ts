import { toChanId } from "./blocks";
import type { Channel, Party } from "./channel";
import type { LndContext } from "./lnd-context";
import { COMMIT_FEE_SATS } from "./lnd-settings";
import { aNewChannel } from "./open-channel";
import { newAddress, newTxid, sum } from "./wallet";

const WALLET_COINS_SATS = [50_000_000n, 25_000_000n, 15_000_000n, 10_000_000n] as const;
/** On-chain money of each of the others. */
const OTHER_WALLET_MSAT = 1_000_000_000_000n;

/** Opener first; the rest of the capacity is with the opener. */
const CHANNELS: readonly { ends: readonly [Party, Party]; capacitySats: bigint; acceptorSats: bigint }[] = [
  { ends: ["node", "peer"], capacitySats: 50_000_000n, acceptorSats: 20_000_000n },
  { ends: ["peer", "node"], capacitySats: 50_000_000n, acceptorSats: 15_000_000n },
  { ends: ["peer", "outside"], capacitySats: 400_000_000n, acceptorSats: 200_000_000n },
];

/** The network as it is at first: a funded wallet, two channels to the peer, and one from the peer to the outside wallet. */
export function createNetwork(context: LndContext, height: number): void {
  const { store, keys, clock } = context;
  store.transact(() => {
    store.changeMeta({ height, peerMsat: OTHER_WALLET_MSAT, outsideMsat: OTHER_WALLET_MSAT });
    for (const amountSats of WALLET_COINS_SATS) {
      const address = newAddress(context, "p2tr");
      const txid = newTxid(context);
      store.putCoin({ outpoint: `${txid}:0`, amountSats, address, height, spentBy: "", isAnchor: false });
      store.putTransaction({
        txid,
        netSats: amountSats,
        feeSats: 0n,
        satPerVbyte: 1n,
        height,
        seenAt: clock.nowSeconds(),
        label: "",
        outputs: [{ address, amountSats, isOurs: true }],
      });
    }
    for (const { ends, capacitySats, acceptorSats } of CHANNELS) {
      const channelPoint = `${newTxid(context)}:0`;
      const openerSats = capacitySats - acceptorSats - COMMIT_FEE_SATS;
      const channel: Channel = {
        ...aNewChannel(channelPoint, ends, capacitySats),
        balancesMsat: [openerSats * 1_000n, acceptorSats * 1_000n],
        status: "open",
        chanId: toChanId(height, channelPoint),
        fundingHeight: height,
        openedAt: clock.nowSeconds(),
      };
      store.putChannel(channel);
    }
    store.putPeer({ pubkey: keys.pubkeyOf("peer"), host: "127.0.0.1:9735", isInbound: false });
    const walletMsat = sum(WALLET_COINS_SATS) * 1_000n;
    const channelMsat = sum(CHANNELS.map(({ capacitySats }) => capacitySats)) * 1_000n;
    store.changeMeta({ issuedMsat: walletMsat + channelMsat + 2n * OTHER_WALLET_MSAT });
  });
}
