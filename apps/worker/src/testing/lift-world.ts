import { randomUUID } from "node:crypto";

import { AppError } from "@arkrelay/core/errors";
import { driveLift } from "@arkrelay/core/lightning/drive-lift";
import { InvoiceQuotes } from "@arkrelay/core/lightning/invoice-quotes";
import type { LightningConfig } from "@arkrelay/core/lightning/lightning-config";
import type { LightningDeps } from "@arkrelay/core/lightning/lightning-deps";
import { isLightningTerminal } from "@arkrelay/core/lightning/lightning-machine";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { noteInvoiceState } from "@arkrelay/core/lightning/note-invoice-state";
import { startLift, type StartLiftInput } from "@arkrelay/core/lightning/start-lift";
import type { Random } from "@arkrelay/core/ports/random";
import type { SessionConfig } from "@arkrelay/core/session/session-deps";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { InMemoryAssetChannels } from "@arkrelay/core/testing/in-memory-asset-channels";
import type { LightningFault } from "@arkrelay/core/testing/in-memory-lightning";
import { InMemoryLightningNode, type LightningCall } from "@arkrelay/core/testing/in-memory-lightning-node";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createSealer } from "@arkrelay/runtime/sealing";

import { openCeremonyWorld } from "./ceremony-world";
import { isCrash } from "./crash";
import { type Death, mortalDeps } from "./mortal-process";
import { TEST_LIGHTNING_CONFIG } from "./test-lightning-config";

/** Lifts on the real database, with arkd and lnd in memory and a clock that stands still. */
export async function openLiftWorld(
  test: TestDatabase,
  config: Partial<LightningConfig> = {},
  sessionConfig: Partial<SessionConfig> = {},
  random?: Random,
) {
  const world = await openCeremonyWorld(test, sessionConfig, random);
  const { database } = test;
  const lightning = new InMemoryLightningNode(world.clock);
  const channels = new InMemoryAssetChannels(lightning, world.clock);
  const deps: LightningDeps = {
    ...world.deps,
    ...openLightningStores(database, createSealer({ key: new Uint8Array(32).fill(3) })),
    lightning,
    tapd: channels,
    invoiceQuotes: new InvoiceQuotes({ assets: world.deps.assets, clock: world.clock, tapd: channels }),
    lightningInfo: {
      current: async () => ({ nodePubkey: lightning.nodePubkey, localMsat: lightning.localMsat }),
    },
    lightningConfig: { ...TEST_LIGHTNING_CONFIG, ...config },
  };
  // What the shared helpers use are these dependencies.
  Object.assign(world.deps, deps);
  const stock = deps.wallet.keys.stock.pubkey;

  const get = async (operationId: string): Promise<LightningOperation> => {
    const operation = await deps.operations.find(operationId);
    if (operation === undefined) throw new Error(`no lift or land ${operationId}`);
    return operation;
  };
  const start = (userPubkey: string, input: Partial<StartLiftInput> = {}) =>
    database.transactions.run((tx) =>
      startLift(deps, tx, {
        userPubkey,
        assetId: "gBTC",
        amount: 50_000n,
        memo: "",
        expirySeconds: undefined,
        createdBy: `nostr:${userPubkey}`,
        countedAs: `nostr:${userPubkey}`,
        ownerProven: true,
        delivery: "both",
        context: {},
        ...input,
      }),
    );
  /** One attempt of a worker: takes the row, drives it as far as it goes, gives it back. */
  const drive = async (operationId: string, over: LightningDeps = deps): Promise<Date | undefined> => {
    const fence = randomUUID();
    await database.write("UPDATE lightning_invoices SET attempt_token = ? WHERE operation_id = ?", [
      fence,
      operationId,
    ]);
    const { nextAt } = await driveLift(over, { operationId, fence });
    return nextAt;
  };
  const startInvoice = async (userPubkey: string, input: Partial<StartLiftInput> = {}): Promise<LightningOperation> => {
    const { operation } = await start(userPubkey, input);
    await drive(operation.operationId);
    return get(operation.operationId);
  };
  return {
    ...world,
    deps,
    lightning,
    channels,
    get,
    start,
    drive,
    /** One attempt of a worker at a session. */
    driveSession: world.drive,
    /** Stock of the gateway, known to its mirror. */
    stock: async (...amountsSats: readonly bigint[]): Promise<void> => {
      for (const amountSats of amountsSats) world.arkd.fund(stock, amountSats);
      await syncVtxos(deps, { ownerPubkey: stock });
    },
    /** Started, and its invoice made. */
    startInvoice,
    /** Its payer's HTLCs are held, and nobody has noticed yet. */
    paid: async (userPubkey: string, amount = 50_000n): Promise<LightningOperation> => {
      const operation = await startInvoice(userPubkey, { amount });
      expect(lightning.receive(operation.paymentHash)).toBe(true);
      return operation;
    },
    /** Driven whenever it is due by itself, failing or not, until it has ended. */
    settle: async ({ operationId }: Pick<LightningOperation, "operationId">): Promise<LightningOperation> => {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const nextAt = await drive(operationId).catch(quiet);
        const operation = await get(operationId);
        if (isLightningTerminal(operation)) return operation;
        world.clock.advance(Math.max(1_000, (nextAt?.getTime() ?? 0) - world.clock.now().getTime()));
      }
      const { status, lastError } = await get(operationId);
      throw new Error(`lift ${operationId} does not end: ${status}, ${lastError ?? "no error"}`);
    },
    /** Its worker dies there; what it did before stands. */
    crashIn: async (operationId: string, death: Death): Promise<void> => {
      await drive(operationId, mortalDeps(deps, death)).catch(quiet);
    },
    /** One call of lnd meets this fault. */
    faultOnce: (call: LightningCall, fault: LightningFault): void => {
      lightning.fault = (met) => {
        if (met !== call) return undefined;
        lightning.fault = () => undefined;
        return fault;
      };
    },
    /** One call of arkd meets this fault. */
    arkdFaultOnce: (method: "submitTx" | "finalizeTx", fault: ArkdFault): void => {
      world.arkd.fault = (met) => {
        if (met !== method) return undefined;
        world.arkd.fault = () => undefined;
        return fault;
      };
    },
    /** Role and outcome of every payout attempt, oldest first. */
    attempts: async (): Promise<readonly (readonly [string, string])[]> => {
      const rows = await database.select("SELECT role, outcome FROM payout_attempts ORDER BY payout_id, attempt");
      return rows.map((row) => [String(row["role"]), String(row["outcome"])]);
    },
    /** Types of the 31502 in the outbox, in the order they were told. */
    notifications: async (): Promise<readonly string[]> => {
      const rows = await database.select("SELECT raw FROM nostr_outbox WHERE kind = 31502 ORDER BY id");
      return rows.map((row) => {
        const { tags } = JSON.parse(String(row["raw"])) as { readonly tags: readonly (readonly string[])[] };
        return tags.find((tag) => tag[0] === "type")?.[1] ?? "";
      });
    },
    /** What the listener makes of the invoice as it is now. */
    hear: async (paymentHash: string) => {
      const invoice = await lightning.lookupInvoice(paymentHash);
      if (invoice === undefined) throw new Error(`lnd has no invoice ${paymentHash}`);
      return database.transactions.run((tx) => noteInvoiceState(deps, tx, invoice));
    },
    /** Sats that stand on a user's script at arkd. */
    satsOf: (userPubkey: string): bigint =>
      [...world.arkd.vtxos.values()]
        .filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, userPubkey))
        .reduce((sum, vtxo) => sum + vtxo.amountSats, 0n),
    /** Balance of a ledger account: msat, or units of another asset. */
    balance: async (account: string, assetId = "gBTC"): Promise<bigint> => {
      const [row] = await database.select(
        `SELECT COALESCE(SUM(p.amount), 0) AS sum FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
         WHERE a.account = ? AND a.asset_id = ?`,
        [account, assetId],
      );
      return BigInt(String(row?.["sum"]));
    },
  };
}

/** More than any lift needs, with every pause it makes. */
const ROUNDS_MAX = 200;

/** What a worker survives: refusals, daemons that are away, and its own death. Anything else is a bug. */
function quiet(thrown: unknown): undefined {
  if (!(thrown instanceof AppError) && !isCrash(thrown)) throw thrown;
  return undefined;
}

export type LiftWorld = Awaited<ReturnType<typeof openLiftWorld>>;
