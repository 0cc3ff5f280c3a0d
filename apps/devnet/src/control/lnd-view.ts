import type { LndEngine } from "../lnd/engine/lnd-engine";

/** Where the money of the Lightning network is. Amounts are JSON integers: all bitcoin there will be fits. */
interface LndView {
  readonly wallet_sats: number;
  readonly channels_sats: number;
  readonly in_flight_sats: number;
  readonly outside_sats: number;
  readonly fees_paid_sats: number;
  /** Part of wallet_sats: outputs of the asset layer. */
  readonly anchored_sats: number;
  readonly issued_sats: number;
  /** Anything but 0 is a bug. */
  readonly drift_sats: number;
  readonly node_pubkey: string;
  readonly peer_pubkey: string;
  readonly outside_pubkey: string;
}

/**
 * The first five add up to what was issued. Each is rounded down to whole sats; the outside has what the others leave, so that the
 * sum never moves. The drift is counted in millisatoshi.
 */
export function lndView(engine: LndEngine): LndView {
  const view = engine.conservation();
  const wallet_sats = toSats(view.walletMsat);
  const channels_sats = toSats(view.channelsMsat);
  const in_flight_sats = toSats(view.inFlightMsat);
  const fees_paid_sats = toSats(view.feesPaidMsat);
  const issued_sats = toSats(view.issuedMsat);
  const found = issued_sats - toSats(view.driftMsat);
  return {
    wallet_sats,
    channels_sats,
    in_flight_sats,
    outside_sats: found - wallet_sats - channels_sats - in_flight_sats - fees_paid_sats,
    fees_paid_sats,
    anchored_sats: toSats(view.anchoredMsat),
    issued_sats,
    drift_sats: awayFromZero(view.driftMsat),
    node_pubkey: engine.nodePubkey,
    peer_pubkey: engine.peerPubkey,
    outside_pubkey: engine.outsidePubkey,
  };
}

function toSats(msat: bigint): number {
  return Number(msat / 1_000n);
}

/** A drift of a single millisatoshi shows. */
function awayFromZero(msat: bigint): number {
  if (msat === 0n) return 0;
  return msat > 0n ? Number((msat + 999n) / 1_000n) : Number((msat - 999n) / 1_000n);
}
