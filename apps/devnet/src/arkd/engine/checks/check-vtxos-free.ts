import { ArkdError } from "../arkd-error";
import type { Vtxo } from "../vtxo";
import type { CheckContext } from "./check-context";

/** Every VTXO exists, is not banned, and is no input of an accepted transfer or of an intent. Returns them by outpoint. */
export function checkVtxosFree(context: CheckContext, vtxoIds: readonly string[]): ReadonlyMap<string, Vtxo> {
  const { state } = context;
  const found = vtxoIds.map((vtxoId) => {
    const vtxo = state.vtxos.get(vtxoId);
    if (vtxo === undefined)
      throw new ArkdError("VTXO_NOT_FOUND", `vtxo ${vtxoId} not found`, { vtxo_outpoint: vtxoId });
    return vtxo;
  });
  for (const vtxo of found) checkNotBanned(context, vtxo);
  for (const vtxo of found) {
    if (state.isPending(vtxo)) {
      throw new ArkdError("VTXO_ALREADY_SPENT", `vtxo ${vtxo.vtxoId} is already spent by another offchain tx`, {
        vtxo_outpoint: vtxo.vtxoId,
      });
    }
  }
  for (const { vtxoId } of found) {
    if (context.isRegistered(vtxoId)) {
      throw new ArkdError("VTXO_ALREADY_REGISTERED", `vtxo ${vtxoId} is already registered by another intent`, {
        vtxo_outpoint: vtxoId,
      });
    }
  }
  return new Map(found.map((vtxo) => [vtxo.vtxoId, vtxo]));
}

function checkNotBanned({ state, nowSeconds }: CheckContext, vtxo: Vtxo): void {
  const until = state.bans.get(vtxo.script);
  if (until === undefined || until <= nowSeconds) return;
  throw new ArkdError("VTXO_BANNED", `vtxo ${vtxo.vtxoId} is banned until ${until}`, { vtxo_outpoint: vtxo.vtxoId });
}
