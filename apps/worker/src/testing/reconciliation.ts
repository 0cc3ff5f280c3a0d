import { PassThrough } from "node:stream";

import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";
import type { InMemoryLightningNode } from "@arkrelay/core/testing/in-memory-lightning-node";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";

import { reconcileDaemonsTask } from "../handlers/reconcile-daemons";
import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";

interface Compared {
  readonly account: string;
  readonly delta: string;
  readonly drift: string;
}

/** The reconciliation with arkd, and with the lnd and tapd that are there, as its job runs it; keeps what it finds wrong. */
export function openReconciliation(
  { database }: TestDatabase,
  { deps, lightning }: { readonly deps: CeremonyDeps; readonly lightning?: InMemoryLightningNode },
  tapd?: Pick<TaprootAssets, "getInfo" | "listAssets" | "getAssetBalances">,
) {
  const task = reconcileDaemonsTask(
    toReconcileDeps({
      database,
      ceremony: deps,
      lightning: deps,
      lnd: lightning,
      tapd: tapd as TaprootAssets | undefined,
    }),
  );
  const drifts: string[] = [];
  const context = {
    payload: { v: 1 },
    signal: new AbortController().signal,
    log: createLogger({ service: "test", stream: new PassThrough().resume() }),
  } as unknown as TaskContext<{ v: 1 }>;
  return {
    /** `account: msat` of every drift so far. */
    drifts,
    run: async (): Promise<readonly Compared[]> => {
      // The job comes every quarter of an hour.
      await database.write("UPDATE reconciliations SET at = at - INTERVAL 15 MINUTE");
      const { result } = await task(context);
      const { compared } = result as { readonly compared: Record<string, readonly Compared[]> };
      const rows = Object.values(compared).flat();
      for (const { account, drift } of rows) if (drift !== "0") drifts.push(`${account}: ${drift}`);
      return rows;
    },
  };
}

export type ReconciliationRun = ReturnType<typeof openReconciliation>;
