import { z } from "zod";

import type { ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";

import type { SqlHandle } from "../sql-handle";
import { DrizzleServerInfoStore } from "./server-info-store";

const SERVICE = "arkd";

/** bigint and Date as JSON text; the codec is the schema, so what is read has the shape of what was saved. */
const sats = z.string().regex(/^\d+$/).transform(BigInt);
const storedInfo = z.object({
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
    z.object({ pubkey: z.string(), cutoffAt: z.iso.datetime().transform((text) => new Date(text)) }),
  ),
});

/** arkd's parameters as a process with a connection to arkd last saw them, for those that have none. */
export class DrizzleArkInfoStore {
  private readonly infos: DrizzleServerInfoStore;

  constructor(database: SqlHandle) {
    this.infos = new DrizzleServerInfoStore(database);
  }

  /** undefined until arkd was seen once. */
  async find(): Promise<ArkServerInfo | undefined> {
    return (await this.findSeen())?.info;
  }

  /** With the time when they were saved. */
  async findSeen(): Promise<{ readonly info: ArkServerInfo; readonly seenAt: Date } | undefined> {
    const row = await this.infos.find(SERVICE);
    if (row === undefined) return undefined;
    const { vtxoMaxSats, ...info } = storedInfo.parse(row.info);
    return { info: { ...info, vtxoMaxSats }, seenAt: row.seenAt };
  }

  async save(info: ArkServerInfo): Promise<void> {
    const { signerPubkey, forfeitPubkey } = info;
    await this.infos.save(SERVICE, info.digest, toStored(info), { signerPubkey, forfeitPubkey });
  }
}

function toStored(info: ArkServerInfo): z.input<typeof storedInfo> {
  const { vtxoMaxSats, ...rest } = info;
  return {
    ...rest,
    dustSats: info.dustSats.toString(),
    vtxoMinSats: info.vtxoMinSats.toString(),
    ...(vtxoMaxSats === undefined ? {} : { vtxoMaxSats: vtxoMaxSats.toString() }),
    deprecatedSigners: info.deprecatedSigners.map(({ pubkey, cutoffAt }) => ({
      pubkey,
      cutoffAt: cutoffAt.toISOString(),
    })),
  };
}
