import { z } from "zod";

import type { ArkServerInfo } from "../ports/ark-daemon";

const sats = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);

const StoredServerInfo = z.object({
  version: z.string(),
  signerPubkey: z.string(),
  forfeitPubkey: z.string(),
  checkpointTapscript: z.string(),
  network: z.enum(["mainnet", "testnet", "signet", "regtest"]),
  unilateralExitDelay: z.number(),
  dustSats: sats,
  vtxoMinSats: sats,
  vtxoMaxSats: sats.optional(),
  maxTxWeight: z.number(),
  maxOpReturnOutputs: z.number(),
  digest: z.string(),
  deprecatedSigners: z.array(
    z.object({ pubkey: z.string(), cutoffAt: z.iso.datetime().transform((at) => new Date(at)) }),
  ),
});

/** arkd's parameters as JSON for the `server_info` row (service `arkd`): sats as text, times as ISO-8601. */
export function serverInfoToJson(info: ArkServerInfo): Record<string, unknown> {
  return {
    ...info,
    dustSats: String(info.dustSats),
    vtxoMinSats: String(info.vtxoMinSats),
    vtxoMaxSats: info.vtxoMaxSats === undefined ? undefined : String(info.vtxoMaxSats),
    deprecatedSigners: info.deprecatedSigners.map(({ pubkey, cutoffAt }) => ({
      pubkey,
      cutoffAt: cutoffAt.toISOString(),
    })),
  };
}

/** The other way round; undefined when the row was written by a release with another shape. */
export function parseServerInfoJson(json: unknown): ArkServerInfo | undefined {
  const parsed = StoredServerInfo.safeParse(json);
  return parsed.success ? { ...parsed.data, vtxoMaxSats: parsed.data.vtxoMaxSats } : undefined;
}
