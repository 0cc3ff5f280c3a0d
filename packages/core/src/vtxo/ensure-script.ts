import { vtxoScriptFor } from "../ark/vtxo-script";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import type { VtxoKind, VtxoScriptRow } from "./vtxo";

/** The row of the default script of `ownerPubkey` under arkd's present parameters; made on first use and kept for ever. */
export async function ensureScript(
  vtxos: VtxoStore,
  tx: Tx,
  ownerPubkey: string,
  info: ArkServerInfo,
  kind: VtxoKind,
): Promise<VtxoScriptRow> {
  const params = { signerPubkey: info.signerPubkey, exitDelay: info.unilateralExitDelay };
  return vtxos.ensureScript(tx, { ...vtxoScriptFor(ownerPubkey, params, info.network), ...params, kind });
}
