import type { DevnetParts } from "../devnet-parts";
import { plainAsset } from "../tapd/engine/check-new-asset";

/** Blocks until lnd uses a channel. */
const CONFIRMATIONS = 6;
/** What the edge node gets of the channel's sats, so that it can send units, too. */
const PUSHED_SATS = 10_000n;

/** Has our tapd mint units and put them all into a channel to the edge node, which is open at once. Returns the asset's id. */
export function openAssetChannel(
  { engine, lndEngine, tapdEngine }: Pick<DevnetParts, "engine" | "lndEngine" | "tapdEngine">,
  { name, amount }: { readonly name: string; readonly amount: bigint },
): string {
  const mine = (blocks: number): void => lndEngine.syncToHeight(engine.mine(blocks));
  tapdEngine.minter.queue(plainAsset(name, amount));
  const { txid } = tapdEngine.minter.finalize(0);
  mine(1);
  const minted = tapdEngine.wallet
    .listPieces({ includeSpent: false })
    .find(({ outpoint, assetId }) => outpoint.startsWith(txid) && tapdEngine.wallet.genesisOf(assetId).name === name);
  if (minted === undefined) throw new Error(`${name} was not minted`);
  const { assetId } = minted;
  tapdEngine.channels.fund({
    assetId,
    groupKey: "",
    units: amount,
    peer: lndEngine.peerPubkey,
    satPerVbyte: 2n,
    pushSats: PUSHED_SATS,
  });
  mine(CONFIRMATIONS);
  return assetId;
}
