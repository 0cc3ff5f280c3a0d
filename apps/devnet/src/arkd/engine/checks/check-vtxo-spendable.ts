import { ArkdError } from "../arkd-error";
import { type Vtxo, isSpent } from "../vtxo";

/** Not spent, not taken on-chain, not swept and not past its expiry. */
export function checkVtxoSpendable(vtxo: Vtxo, nowSeconds: number): void {
  const metadata = { vtxo_outpoint: vtxo.vtxoId };
  if (isSpent(vtxo)) throw new ArkdError("VTXO_ALREADY_SPENT", `vtxo ${vtxo.vtxoId} is already spent`, metadata);
  if (vtxo.isUnrolled)
    throw new ArkdError("VTXO_ALREADY_UNROLLED", `vtxo ${vtxo.vtxoId} is already unrolled`, metadata);
  if (vtxo.isSwept || vtxo.expiresAt <= nowSeconds) {
    throw new ArkdError("VTXO_RECOVERABLE", `vtxo ${vtxo.vtxoId} is recoverable`, metadata);
  }
}
