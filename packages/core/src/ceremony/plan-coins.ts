import { AppError } from "../errors";
import type { SessionDeps } from "../session/session-deps";
import type { Vtxo, VtxoScriptRow } from "../vtxo/vtxo";
import type { PlanCoin } from "./transfer-plan";

/** A user's coins with the scripts they were made with. */
export async function withScripts(
  deps: Pick<SessionDeps, "vtxos">,
  ownerPubkey: string,
  vtxos: readonly Vtxo[],
): Promise<readonly PlanCoin[]> {
  const scripts = await deps.vtxos.listScripts(ownerPubkey);
  return vtxos.map((vtxo) => ({ vtxo, script: scriptOf(scripts, vtxo) }));
}

/** The same for the gateway's co-input. */
export async function gatewayCoin(deps: Pick<SessionDeps, "vtxos">, vtxo: Vtxo): Promise<PlanCoin> {
  return { vtxo, script: scriptOf(await deps.vtxos.listScriptsOfKind("fee"), vtxo) };
}

function scriptOf(scripts: readonly VtxoScriptRow[], vtxo: Vtxo): VtxoScriptRow {
  const script = scripts.find((each) => each.id === vtxo.scriptId);
  if (script === undefined) throw new AppError("internal_error", { internal: `no script row for ${vtxo.vtxoId}` });
  return script;
}
