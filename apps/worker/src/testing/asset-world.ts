import { randomBytes, randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";

import type { AssetConfig } from "@arkrelay/core/asset/asset-payout-deps";
import { registerAsset } from "@arkrelay/core/asset/register-asset";
import type { RegisteredAsset } from "@arkrelay/core/asset/registered-asset";
import { toAppError } from "@arkrelay/core/errors";
import { assignStock, type PlannedAssignment, type WantedAssignment } from "@arkrelay/core/inventory/assign-stock";
import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import type { QueuedTaskName, TaskPayload } from "@arkrelay/core/jobs/catalog";
import { decideAttemptEnd } from "@arkrelay/core/jobs/decide-attempt-end";
import { insertJob } from "@arkrelay/core/jobs/insert-job";
import type { Job } from "@arkrelay/core/jobs/job";
import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import type { NewAsset } from "@arkrelay/core/ports/asset-registry";
import type { Random } from "@arkrelay/core/ports/random";
import type { CeremonyDeps, SessionConfig } from "@arkrelay/core/session/session-deps";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";
import { DrizzleExternalCallStore } from "@arkrelay/db/stores/external-call-store";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { connectionOf } from "@arkrelay/db/transactions";
import { createLogger } from "@arkrelay/runtime/logger";
import { createMetrics } from "@arkrelay/runtime/metrics";

import { assetMintTask, type AssetMintDeps } from "../handlers/asset-mint";
import { payoutDriveTask } from "../handlers/payout-drive";
import { replenishStockTask } from "../handlers/replenish-stock";
import { vtxoAssignTask } from "../handlers/vtxo-assign";
import { watchAssetSuppliesTask } from "../handlers/watch-asset-supplies";
import type { TaskContext, TaskHandler, TaskResult } from "../task-handler";
import { openCeremonyWorld } from "./ceremony-world";
import { isCrash } from "./crash";
import { fakePaymentOutcomes } from "./fake-payment-outcomes";
import { FakeTapd } from "./fake-tapd";

export const CAP = 1_000_000n;
/** Of the asset that stands behind gold when it is a twin. */
export const TAPROOT_ID = "cd".repeat(32);

type WorldDeps = CeremonyDeps & Omit<AssetMintDeps, "attempts">;

/** Assets on the real database and its job tables, with arkd and tapd in memory and a clock that stands still. */
export async function openAssetWorld(
  test: TestDatabase,
  config: Partial<AssetConfig> = {},
  session: Partial<SessionConfig> = {},
  random?: Random,
) {
  const world = await openCeremonyWorld(test, session, random);
  const { database } = test;
  const tapd = new FakeTapd();
  const outcomes = fakePaymentOutcomes(TAPROOT_ID);
  const calls = new DrizzleExternalCallStore(database);
  const deps: WorldDeps = {
    ...world.deps,
    tapd,
    calls,
    supplies: new DrizzleAssetSupplyStore(database),
    assetConfig: { carrierSats: 1_000n, carrierSubsidyDailySats: 100_000n, ...config },
  };
  const jobs = new DrizzleJobStore(database);
  const metrics = createMetrics();
  const attempts = new DrizzleAttemptStore(database, { leaseSeconds: 20 });
  const stock = deps.wallet.keys.stock.pubkey;
  const contextOf = (attempt: Attempt, signal = new AbortController().signal) =>
    ({
      attempt,
      payload: attempt.job?.payload,
      signal,
      log: createLogger({ service: "test", stream: new PassThrough().resume() }),
      progress: () => undefined,
    }) as unknown as TaskContext<never>;

  /** One attempt of a worker at a row that is due, now or later; a crash leaves the row to whoever notices the lapsed lease. */
  const attemptAt = async (task: QueuedTaskName, key: string, handler: TaskHandler<never>): Promise<void> => {
    const [outcome] = await attempts.take(task, [key]);
    if (outcome?.kind !== "taken") return;
    const { attempt } = outcome;
    const end = await handler(contextOf(attempt)).then(
      (result) => ({ kind: "done", ...result }) as const,
      (thrown: unknown) => (isCrash(thrown) ? undefined : decideAttemptEnd(task, attempt.tries, toAppError(thrown))),
    );
    if (end !== undefined) return void (await attempts.end([{ attempt, end }]));
    await database.write("UPDATE job_logs SET status = 'pending', attempt_token = NULL WHERE attempt_token = ?", [
      attempt.token,
    ]);
    await database.write("UPDATE payouts SET attempt_token = NULL WHERE attempt_token = ?", [attempt.token]);
  };
  const runJob = async (jobId: string, over: WorldDeps = deps): Promise<Job> => {
    await database.write("UPDATE job_logs SET run_at = NOW(3) WHERE job_id = ? AND status = 'pending'", [jobId]);
    const { task } = await getJob(jobId);
    if (task === "asset_mint") await attemptAt(task, jobId, assetMintTask({ ...over, attempts }));
    if (task === "process_vtxo_replenishment") await attemptAt(task, jobId, replenishStockTask({ ...over, metrics }));
    if (task === "vtxo_assign") await attemptAt(task, jobId, vtxoAssignTask({ ...over, metrics }));
    return getJob(jobId);
  };
  const runPayouts = async (over: WorldDeps = deps): Promise<void> => {
    await database.write("UPDATE payouts SET next_at = LEAST(next_at, NOW(3)) WHERE next_at IS NOT NULL");
    const rows = await database.select("SELECT payout_key FROM payouts WHERE next_at IS NOT NULL ORDER BY id");
    for (const row of rows) {
      await attemptAt(
        "payout_drive",
        String(row["payout_key"]),
        payoutDriveTask({ ...over, attempts }, () => undefined),
      );
    }
  };
  const getJob = async (jobId: string): Promise<Job> => {
    const job = await jobs.findByJobId(jobId);
    if (job === undefined) throw new Error(`no job ${jobId}`);
    return job;
  };
  const isEnded = ({ status }: Job) => status !== "pending" && status !== "running";
  const order = (payload: Partial<TaskPayload<"asset_mint">> & { readonly userPubkey: string }): Promise<string> =>
    database.transactions.run(async (tx) => {
      const full = { v: 1, assetId: "gold", amount: 100, reserveAmount: 0, ...payload } as const;
      return (await insertJob(deps.jobs, tx, { task: "asset_mint", payload: full, owner: "admin" })).jobId;
    });
  const orderStock = (payload: Partial<TaskPayload<"process_vtxo_replenishment">> = {}): Promise<string> =>
    database.transactions.run(async (tx) => {
      const full = {
        v: 1,
        kind: "stock",
        assetId: "gold",
        count: 3,
        amountSats: 1_000,
        assetAmount: 50,
        ...payload,
      } as const;
      const draft = { task: "process_vtxo_replenishment", payload: full, owner: "admin" } as const;
      return (await insertJob(deps.jobs, tx, draft)).jobId;
    });
  const assign = (
    wanted: Partial<WantedAssignment> & Pick<WantedAssignment, "userPubkey">,
  ): Promise<PlannedAssignment> =>
    database.transactions.run(async (tx) => {
      const full = { assetId: "gBTC", amount: 20_000n, allowance: undefined, reading: undefined, ...wanted };
      const info = await deps.arkInfo.current();
      return assignStock({ ...deps, calls, insertJob: deps.jobs }, tx, info, { ...full, origin: { owner: "admin" } });
    });
  const settle = async (jobId: string): Promise<Job> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const job = await runJob(jobId);
      if (isEnded(job)) return job;
      await runPayouts();
      world.clock.advance(ROUND_MS);
    }
    throw new Error(`job ${jobId} does not end: ${JSON.stringify(await getJob(jobId))}`);
  };
  return {
    ...world,
    deps,
    tapd,
    outcomes,
    jobs,
    order,
    orderStock,
    /** As POST /vtxos/assign does; throws its refusals. */
    assign,
    runJob,
    runPayouts,
    getJob,
    /** Taken up whenever it is due, its payouts too, until it has ended. */
    settle,
    mint: async (user: TestKey, payload: Partial<TaskPayload<"asset_mint">> = {}): Promise<Job> =>
      settle(await order({ userPubkey: user.pubkey, ...payload })),
    register: (over: Partial<NewAsset> = {}): Promise<RegisteredAsset> =>
      database.transactions.run((tx) => registerAsset(deps, tx, { ...GOLD, ...over })),
    getAsset: async (assetId = "gold"): Promise<RegisteredAsset> => {
      const asset = await deps.assets.find(undefined, assetId);
      if (asset === undefined) throw new Error(`no asset ${assetId}`);
      return asset;
    },
    /** Sats of the gateway's treasury, known to its mirror. */
    treasure: async (...amountsSats: readonly bigint[]): Promise<void> => {
      const ownerPubkey = deps.wallet.keys.treasury.pubkey;
      for (const amountSats of amountsSats) world.arkd.fund(ownerPubkey, amountSats);
      await syncVtxos(deps, { ownerPubkey });
    },
    /** Stock of the gateway, known to its mirror. */
    stock: async (...amountsSats: readonly bigint[]): Promise<void> => {
      for (const amountSats of amountsSats) world.arkd.fund(stock, amountSats);
      await syncVtxos(deps, { ownerPubkey: stock });
    },
    watch: async (): Promise<TaskResult> => {
      const attempt = { rowKey: randomUUID(), job: { payload: { v: 1 } } } as unknown as Attempt;
      return watchAssetSuppliesTask({ ...deps, lightning: outcomes.lightning })(contextOf(attempt));
    },
    /** A lift or land of gold in a status, with its delivery when it has one; `book` = its last step, with its posting of tapd's units. */
    operation: async (
      type: "lift" | "land",
      status: string,
      units: bigint,
      delivery?: "planned" | "final",
    ): Promise<{ readonly paymentHash: string; readonly book: (change: bigint) => Promise<void> }> => {
      const operationId = randomUUID();
      const paymentHash = randomBytes(32).toString("hex");
      await database.write(
        `INSERT INTO lightning_invoices (payment_hash, operation_id, invoice_type, status, user_pubkey, session_id, asset_id, amount,
           amount_sats, fee, user_script, memo, created_at, updated_at, expires_at)
         VALUES (?, ?, ?, ?, '', '', 'gold', ?, 0, 0, '', '', NOW(3), NOW(3), NOW(3))`,
        [paymentHash, operationId, type, status, units],
      );
      if (delivery !== undefined) {
        await database.write(
          `INSERT INTO payouts (kind, business_id, pivot_vtxo_id, script, owner_pubkey, asset_id, amount, amount_sats, status, created_at,
             updated_at) VALUES ('lift', ?, '', '', '', 'gold', ?, 1000, ?, NOW(3), NOW(3))`,
          [operationId, units, delivery],
        );
      }
      const book = (change: bigint) =>
        database.transactions.run(async (tx) => {
          await deps.ledger.post(tx, {
            kind: type === "lift" ? POSTING_KINDS.liftPaid : POSTING_KINDS.landPaid,
            businessId: operationId,
            memo: "",
            postings: [
              { account: "asset:tapd", assetId: "gold", amount: change },
              { account: "equity:operator", assetId: "gold", amount: -change },
            ],
          });
          await connectionOf(tx).write("UPDATE lightning_invoices SET status = 'paid' WHERE operation_id = ?", [
            operationId,
          ]);
        });
      return { paymentHash, book };
    },
    /** Units on the default script of a key at arkd, and the VTXOs they stand on. */
    unitsOf: (pubkey: string, arkAssetId: string): { readonly units: bigint; readonly vtxos: number } => {
      const held = [...world.arkd.vtxos.values()].filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey));
      const amounts = held.flatMap(({ assets }) =>
        assets.filter(({ assetId }) => assetId === arkAssetId).map(({ amount }) => amount),
      );
      return { units: amounts.reduce((sum, each) => sum + each, 0n), vtxos: amounts.length };
    },
    /** Balance of a ledger account: gBTC in msat, other assets in units. */
    balance: async (account: string, assetId: string): Promise<bigint> => {
      const [row] = await database.select(
        `SELECT COALESCE(SUM(p.amount), 0) AS sum FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
         WHERE a.account = ? AND a.asset_id = ?`,
        [account, assetId],
      );
      return BigInt(String(row?.["sum"]));
    },
  };
}

const GOLD: NewAsset = {
  assetId: "gold",
  name: "Gold",
  ticker: "GLD",
  assetType: "normal",
  decimalPlaces: 2,
  totalSupply: CAP,
  backing: "ark",
  taprootAssetId: undefined,
  taprootGroupKey: undefined,
  units: { carrier: undefined, minLift: undefined, maxLift: undefined, minLand: undefined, maxLand: undefined },
  metadata: {},
};

/** More than any job needs, with every pause it makes. */
const ROUNDS_MAX = 60;
/** Longer than an unanswered send may still take effect. */
const ROUND_MS = 31_000;

export type AssetWorld = Awaited<ReturnType<typeof openAssetWorld>>;
