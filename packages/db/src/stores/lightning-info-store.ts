import { z } from "zod";

import type { LightningFacts } from "@arkrelay/core/session/session-deps";

import type { SqlHandle } from "../sql-handle";
import { DrizzleServerInfoStore } from "./server-info-store";

const SERVICE = "lnd";

/** bigint as JSON text. */
const storedFacts = z.object({ nodePubkey: z.string(), localMsat: z.string().regex(/^\d+$/).transform(BigInt) });

/** The Lightning node as a process with a connection to it last saw it, for those that have none. */
export class DrizzleLightningInfoStore {
  private readonly infos: DrizzleServerInfoStore;

  constructor(database: SqlHandle) {
    this.infos = new DrizzleServerInfoStore(database);
  }

  /** undefined until the node was seen once. */
  async find(): Promise<LightningFacts | undefined> {
    const row = await this.infos.find(SERVICE);
    return row === undefined ? undefined : storedFacts.parse(row.info);
  }

  async save({ nodePubkey, localMsat }: LightningFacts): Promise<void> {
    await this.infos.save(SERVICE, nodePubkey, { nodePubkey, localMsat: localMsat.toString() }, { nodePubkey });
  }
}
