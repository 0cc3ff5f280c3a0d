import { vtxoScriptFor } from "../ark/vtxo-script";
import { AppError } from "../errors";
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

/**
 * A user's script. Throws `invalid_request` naming `field` for a key of the gateway: our VTXOs move by our own rules only, and what is sent
 * to them is booked by us, whoever asks.
 */
export async function ensureUserScript(
  vtxos: VtxoStore,
  tx: Tx,
  ownerPubkey: string,
  info: ArkServerInfo,
  field: string,
): Promise<VtxoScriptRow> {
  const script = await ensureScript(vtxos, tx, ownerPubkey, info, "user");
  if (script.kind === "user") return script;
  const message = "A key of the gateway is nobody's to spend from or to pay to";
  throw new AppError("invalid_request", { errors: [{ path: field, code: "gateway_key", message }] });
}
