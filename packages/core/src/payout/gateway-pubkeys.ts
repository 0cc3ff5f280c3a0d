import type { ArkServerInfo } from "../ports/ark-daemon";
import type { VtxoStore } from "../ports/vtxo-store";
import { findGatewayScript } from "../vtxo/find-gateway-script";
import type { VtxoKind } from "../vtxo/vtxo";

/** Whose the gateway's scripts are. Planning needs no more of the wallet, so it can be done where the secret keys are not. */
export interface GatewayPubkeys {
  readonly keys: Readonly<Record<Exclude<VtxoKind, "user">, { readonly pubkey: string }>>;
}

/** As the scripts say that a worker has registered. Throws `not_ready` before. */
export async function readGatewayPubkeys(
  vtxos: Pick<VtxoStore, "listScriptsOfKind">,
  info: Pick<ArkServerInfo, "signerPubkey" | "unilateralExitDelay">,
): Promise<GatewayPubkeys> {
  const read = async (kind: Exclude<VtxoKind, "user">) => {
    const { ownerPubkey } = await findGatewayScript(vtxos, kind, info);
    return { pubkey: ownerPubkey };
  };
  const [treasury, stock, fee, used, land] = await Promise.all([
    read("treasury"),
    read("stock"),
    read("fee"),
    read("used"),
    read("land"),
  ]);
  return { keys: { treasury, stock, fee, used, land } };
}
