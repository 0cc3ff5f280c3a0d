import { requireLightningSide } from "../asset/lightning-side";
import type { Tx } from "../ports/transactions";
import type { SessionDeps } from "../session/session-deps";
import { GBTC } from "../vtxo/vtxo";

/** On what terms an asset is landed now; amounts in base units of it. */
export interface LandTerms {
  readonly assetId: string;
  /** By which VTXOs know it; undefined for gBTC. */
  readonly arkAssetId: string | undefined;
  readonly minimum: bigint;
  readonly maximum: bigint;
}

/** Errors: asset_unknown, asset_inactive, unsupported_type. */
export async function findLandTerms(
  { assets, lightningConfig }: Pick<SessionDeps, "assets" | "lightningConfig">,
  tx: Tx | undefined,
  assetId: string,
): Promise<LandTerms> {
  if (assetId === GBTC) {
    const { landMinSats: minimum, landMaxSats: maximum } = lightningConfig;
    return { assetId, arkAssetId: undefined, minimum, maximum };
  }
  const side = await requireLightningSide(assets, tx, assetId, "lightning:land");
  const { arkAssetId, minLandUnits: minimum, maxLandUnits: maximum } = side;
  return { assetId, arkAssetId, minimum, maximum };
}
