import type { ArkdState } from "../arkd/engine/arkd-state";
import { isSpent } from "../arkd/engine/vtxo";
import { type AssetConservation, assetConservation } from "./asset-view";

/** Where every issued sat is. Amounts are JSON integers: all bitcoin there will be fits. */
export interface ArkdConservation {
  readonly issued_sats: number;
  /** Unspent VTXOs, swept ones included: their owners can still recover them. */
  readonly live_sats: number;
  /** Inputs of accepted transfers that are not final. */
  readonly in_flight_sats: number;
  /** Unspent and taken on-chain. */
  readonly unrolled_sats: number;
  /** Live sats by x-only key; by output script where no spend or faucet call has shown the key. */
  readonly by_owner: Readonly<Record<string, number>>;
  /** By arkd's id. */
  readonly assets: Readonly<Record<string, AssetConservation>>;
  readonly vtxo_count: number;
  readonly pending_tx_count: number;
}

export function arkdConservation(state: ArkdState): ArkdConservation {
  let live = 0n;
  let inFlight = 0n;
  let unrolled = 0n;
  const byOwner = new Map<string, bigint>();
  for (const vtxo of state.vtxos.values()) {
    if (state.isPending(vtxo)) inFlight += vtxo.amountSats;
    if (isSpent(vtxo)) continue;
    if (vtxo.isUnrolled) {
      unrolled += vtxo.amountSats;
      continue;
    }
    live += vtxo.amountSats;
    const owner = state.owners.get(vtxo.script) ?? vtxo.script;
    byOwner.set(owner, (byOwner.get(owner) ?? 0n) + vtxo.amountSats);
  }
  return {
    issued_sats: Number(state.issuedSats),
    live_sats: Number(live),
    in_flight_sats: Number(inFlight),
    unrolled_sats: Number(unrolled),
    by_owner: Object.fromEntries([...byOwner].map(([owner, sats]) => [owner, Number(sats)])),
    assets: assetConservation(state),
    vtxo_count: state.vtxos.size,
    pending_tx_count: [...state.offchainTxs.values()].filter(({ stage }) => stage === "accepted").length,
  };
}

/** Units of all assets that came from nowhere or went nowhere, each way counted; anything but 0 is a bug. */
export function driftUnits({ assets }: ArkdConservation): number {
  return Object.values(assets).reduce((sum, { drift_units }) => sum + Math.abs(drift_units), 0);
}

/** Sats that came from nowhere (negative) or went nowhere (positive); anything but 0 is a bug. */
export function driftSats(view: ArkdConservation): number {
  return view.issued_sats - view.live_sats - view.in_flight_sats - view.unrolled_sats;
}
