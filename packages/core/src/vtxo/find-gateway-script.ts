import { AppError } from "../errors";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { VtxoStore } from "../ports/vtxo-store";
import type { VtxoKind, VtxoScriptRow } from "./vtxo";

/** The gateway's own script of a kind under arkd's present parameters. The worker registers it; until then `not_ready`. */
export async function findGatewayScript(
  vtxos: Pick<VtxoStore, "listScriptsOfKind">,
  kind: Exclude<VtxoKind, "user">,
  info: Pick<ArkServerInfo, "signerPubkey" | "unilateralExitDelay">,
): Promise<VtxoScriptRow> {
  const scripts = await vtxos.listScriptsOfKind(kind);
  const current = scripts.find(
    (each) => each.signerPubkey === info.signerPubkey && each.exitDelay === info.unilateralExitDelay,
  );
  if (current === undefined)
    throw new AppError("not_ready", { internal: "the gateway's scripts are not registered yet" });
  return current;
}
