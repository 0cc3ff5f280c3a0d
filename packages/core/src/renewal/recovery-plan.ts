import type { BatchIntent } from "../ark-batch/batch-intent";
import type { ArkOutput } from "../ark/types";
import { deriveUserCosignerKey } from "../ark/wallet-keys";
import { toArkInput } from "../ceremony/transfer-plan";
import { assert } from "../errors";
import type { VtxoStore } from "../ports/vtxo-store";
import type { Session } from "../session/session";
import type { GatewayWallet } from "../session/session-deps";
import type { Vtxo } from "../vtxo/vtxo";
import { renewedParts } from "./renewed-parts";

interface Deps {
  readonly vtxos: Pick<VtxoStore, "listScriptsById">;
  readonly wallet: GatewayWallet;
}

export interface RecoveryPlanInput {
  /** In the order of the intent. */
  readonly coins: readonly Vtxo[];
  /** The user's, hex. */
  readonly script: string;
  readonly dustSats: bigint;
}

/** What a batch is asked for in exchange for swept VTXOs: the same sats and units to their owner, and no forfeit of anybody. */
export async function planRecovery(
  deps: Deps,
  session: Pick<Session, "sessionId">,
  { coins, script, dustSats }: RecoveryPlanInput,
): Promise<BatchIntent> {
  const scripts = await deps.vtxos.listScriptsById([...new Set(coins.map(({ scriptId }) => scriptId))]);
  const inputs = coins.map((vtxo) => {
    const own = scripts.find(({ id }) => id === vtxo.scriptId);
    assert(own !== undefined, `${vtxo.vtxoId} has its script`);
    return { ...toArkInput({ vtxo, script: own }), assets: vtxo.assets, isRecoverable: true };
  });
  const outputs = renewedParts(coins, dustSats).map(({ amountSats, assets }): ArkOutput => ({
    script,
    amountSats,
    ...(assets.length > 0 && { assets }),
  }));
  return { inputs, outputs, cosignerPubkey: recoveryCosigner(deps, session).pubkey };
}

/** Signs the tree for the outputs of one recovery. */
export function recoveryCosigner({ wallet }: Pick<Deps, "wallet">, { sessionId }: Pick<Session, "sessionId">) {
  return deriveUserCosignerKey(wallet.keys.treasury, sessionId);
}
