import type { ArkdState, Asset } from "../arkd/engine/arkd-state";
import { type Vtxo, isSpent } from "../arkd/engine/vtxo";

/** Where every unit of an asset is. JSON integers; above 2^53 the last digits are lost. */
export interface AssetConservation {
  /** Issued, reissued and given by the faucet. */
  readonly issued_units: number;
  readonly burnt_units: number;
  /** On unspent VTXOs, swept ones included. */
  readonly live_units: number;
  /** On inputs of accepted transfers that are not final. */
  readonly in_flight_units: number;
  /** On unspent VTXOs that were taken on-chain. */
  readonly unrolled_units: number;
  /** Live units by x-only key; by output script where no spend or faucet call has shown the key. */
  readonly by_owner: Readonly<Record<string, number>>;
  /** 0 when all of this adds up. */
  readonly drift_units: number;
}

export function assetConservation(state: ArkdState): Readonly<Record<string, AssetConservation>> {
  const counts = new Map([...state.assets.values()].map((asset) => [asset.assetId, new UnitCount(asset)]));
  for (const vtxo of state.vtxos.values()) {
    for (const { assetId, amount } of vtxo.assets) counts.get(assetId)?.add(state, vtxo, amount);
  }
  return Object.fromEntries([...counts].map(([assetId, count]) => [assetId, count.toView()]));
}

class UnitCount {
  readonly #byOwner = new Map<string, bigint>();
  #live = 0n;
  #inFlight = 0n;
  #unrolled = 0n;

  constructor(private readonly asset: Asset) {}

  add(state: ArkdState, vtxo: Vtxo, amount: bigint): void {
    if (state.isPending(vtxo)) this.#inFlight += amount;
    if (isSpent(vtxo)) return;
    if (vtxo.isUnrolled) {
      this.#unrolled += amount;
      return;
    }
    this.#live += amount;
    const owner = state.owners.get(vtxo.script) ?? vtxo.script;
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0n) + amount);
  }

  toView(): AssetConservation {
    const { issued, burnt } = this.asset;
    return {
      issued_units: Number(issued),
      burnt_units: Number(burnt),
      live_units: Number(this.#live),
      in_flight_units: Number(this.#inFlight),
      unrolled_units: Number(this.#unrolled),
      by_owner: Object.fromEntries([...this.#byOwner].map(([owner, units]) => [owner, Number(units)])),
      drift_units: Number(issued - burnt - this.#live - this.#inFlight - this.#unrolled),
    };
  }
}
