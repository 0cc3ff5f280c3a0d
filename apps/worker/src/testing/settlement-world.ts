import { randomUUID } from "node:crypto";

import { deriveCosignerKey } from "@arkrelay/core/ark/wallet-keys";
import { confirmParked } from "@arkrelay/core/settlement/confirm-settlement";
import { driveSettlement } from "@arkrelay/core/settlement/drive-settlement";
import type { SettlementDeps } from "@arkrelay/core/settlement/settlement-deps";
import { InMemoryBatches } from "@arkrelay/core/testing/in-memory-batches";
import { InMemoryLightningNode } from "@arkrelay/core/testing/in-memory-lightning-node";
import { recordVtxos, syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { Vtxo, VtxoKind } from "@arkrelay/core/vtxo/vtxo";
import { DrizzleSettlementLeafStore } from "@arkrelay/db/stores/settlement-leaf-store";
import { DrizzleSettlementStore } from "@arkrelay/db/stores/settlement-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld } from "./asset-world";

const HOUR_MS = 3_600_000;
/** Longer than any pause of a settlement, and than arkd's session. */
const ROUND_MS = 61_000;
const ROUNDS_MAX = 40;

/** Settlements on the real database, with arkd, its batches and lnd in memory. */
export async function openSettlementWorld(test: TestDatabase) {
  const world = await openAssetWorld(test);
  const { arkd, clock } = world;
  const { database } = test;
  const batches = new InMemoryBatches(arkd);
  const lnd = new InMemoryLightningNode(clock);
  const deps: SettlementDeps & typeof world.deps = {
    ...world.deps,
    settlements: new DrizzleSettlementStore(database),
    leaves: new DrizzleSettlementLeafStore(database),
    batches,
    joinBatch: batches.joinBatch,
    cosigner: deriveCosignerKey(new Uint8Array(32).fill(9)),
    lightning: lnd,
    settlementConfig: { maxDeferMs: 24 * HOUR_MS, carrierSats: 1_000n },
  };
  const run = async (over: SettlementDeps = deps, jobId: string = randomUUID()) => {
    const turn = { jobId, guard: () => Promise.resolve(), signal: new AbortController().signal };
    const [ended] = await Promise.all([driveSettlement(over, turn), confirmParked(over, turn)]);
    return ended;
  };
  /** Every commitment that arkd has made is in the next block. */
  const includeCommitments = (): void => {
    for (const txid of batches.commitments) if (!lnd.chain.has(txid)) lnd.chain.set(txid, lnd.blockHeight + 1);
  };
  const hold = async (
    kind: Exclude<VtxoKind, "user">,
    ...amountsSats: readonly bigint[]
  ): Promise<readonly string[]> => {
    const ownerPubkey = deps.wallet.keys[kind].pubkey;
    const ids = amountsSats.map((amountSats) => arkd.fund(ownerPubkey, amountSats));
    await syncVtxos(deps, { ownerPubkey });
    return ids;
  };
  return {
    ...world,
    deps,
    batches,
    lnd,
    run,
    /** VTXOs of the gateway's, known to its mirror. */
    hold,
    /** Whole rounds of an hourly job, with its moves driven and blocks mined, until a run has nothing left to do. */
    settleAll: async (over: SettlementDeps = deps): Promise<string> => {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const ended = await run(over);
        if (ended.kind === "done") return ended.why;
        await world.runPayouts();
        includeCommitments();
        lnd.mine(3);
        clock.advance(ROUND_MS);
      }
      throw new Error("the settlement does not end");
    },
    /** Outputs of confirmed transfers, as a 31340 leaves them behind. */
    confirmOutputs: async (...amountsSats: readonly bigint[]): Promise<readonly string[]> => {
      const ids = amountsSats.map((amountSats) => arkd.fund(deps.wallet.keys.land.pubkey, amountSats));
      await recordVtxos(
        deps,
        ids.flatMap((id) => arkd.vtxos.get(id) ?? []),
      );
      // They are users' in truth; here nobody may settle them as the gateway's own.
      await database.write("UPDATE vtxos SET kind = 'user' WHERE kind = 'land'");
      await database.transactions.run((tx) => deps.leaves.insert(tx, ids));
      return ids;
    },
    vtxo: async (vtxoId: string): Promise<Vtxo> => {
      const [row] = await deps.vtxos.listByIds(undefined, [vtxoId]);
      if (row === undefined) throw new Error(`no VTXO ${vtxoId}`);
      return row;
    },
    /** Sats of the gateway's live VTXOs in the mirror, by kind. */
    mirror: async (): Promise<Readonly<Record<string, bigint>>> => {
      const rows = await database.select(
        "SELECT kind, SUM(amount_sats) AS sats FROM vtxos WHERE kind <> 'user' AND status IN ('available','expired') GROUP BY kind",
      );
      return Object.fromEntries(rows.map((row) => [String(row["kind"]), BigInt(String(row["sats"]))]));
    },
    published: async (): Promise<readonly { readonly d_tag: string; readonly content: Record<string, unknown> }[]> => {
      const rows = await database.select("SELECT DISTINCT d_tag, raw FROM nostr_outbox WHERE kind = 31342");
      return rows.map((row) => {
        const raw = row["raw"];
        const event = (typeof raw === "string" ? JSON.parse(raw) : raw) as { readonly content: string };
        return { d_tag: String(row["d_tag"]), content: JSON.parse(event.content) as Record<string, unknown> };
      });
    },
  };
}

export type SettlementWorld = Awaited<ReturnType<typeof openSettlementWorld>>;
