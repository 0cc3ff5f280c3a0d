import { randomUUID } from "node:crypto";

import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { AppError } from "@arkrelay/core/errors";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { CeremonyWorld } from "./ceremony-world";
import type { DrivePlan } from "./crash-steps";

/** Dropped memory: the process dies at this point. Nothing in the product catches it by name. */
export class Crash extends Error {}

/** The product may have wrapped it on its way up. */
export function isCrash(thrown: unknown): boolean {
  return thrown instanceof Crash || (thrown instanceof Error && isCrash(thrown.cause));
}

/**
 * One attempt as the worker makes it, by the world's clock: takes the row, drives it, and gives it back due when the drive or
 * somebody's wake said. A crash leaves the row to whoever notices the lapsed lease: it is due at once.
 */
export async function attemptDrive(
  test: TestDatabase,
  world: CeremonyWorld,
  sessionId: string,
  plan: DrivePlan = NO_FAULT,
): Promise<void> {
  const fence = randomUUID();
  await test.database.write(
    "UPDATE signing_sessions SET attempt_token = ?, next_at = LEAST(next_at, ?) WHERE session_id = ?",
    [fence, world.clock.now(), sessionId],
  );
  const [taken] = await test.database.select("SELECT wake_seq FROM signing_sessions WHERE session_id = ?", [sessionId]);
  const giveBack = (nextAt: Date | null, isFailed: boolean): Promise<unknown> =>
    test.database.write(
      `UPDATE signing_sessions SET attempt_token = NULL,
         next_at = IF(wake_seq > ? AND NOT ?, LEAST(next_at, COALESCE(?, next_at)), COALESCE(?, IF(next_at > ?, next_at, NULL)))
       WHERE session_id = ? AND attempt_token = ?`,
      [Number(taken?.["wake_seq"]), isFailed, nextAt, nextAt, world.clock.now(), sessionId, fence],
    );
  setFault(world, plan.fault);
  try {
    const { nextAt } = await driveCeremony(mortal(world, plan, sessionId), { sessionId, fence });
    await giveBack(nextAt ?? null, false);
  } catch (thrown) {
    await giveBack(world.clock.now(), true);
    throw thrown;
  } finally {
    world.arkd.fault = () => undefined;
  }
}

const NO_FAULT: DrivePlan = { crashAt: null, after: false, fault: null };

/** arkd fails once. */
function setFault(world: CeremonyWorld, fault: DrivePlan["fault"]): void {
  world.arkd.fault = (method) => {
    if (fault === null || (method === "read" && fault !== "unavailable")) return undefined;
    world.arkd.fault = () => undefined;
    return fault;
  };
}

/** The world as one process sees it that dies at its n-th commit: from then on it reaches neither database nor arkd. */
function mortal(world: CeremonyWorld, { crashAt, after }: DrivePlan, sessionId: string): CeremonyDeps {
  const { transactions: real, arkd } = world.deps;
  let commits = 0;
  let isDead = false;
  const live = <T>(act: () => Promise<T>): Promise<T> => (isDead ? Promise.reject(new Crash()) : act());
  const transactions: Transactions = {
    savepoint: (tx, work) => real.savepoint(tx, work),
    afterEnd: (tx, work) => real.afterEnd(tx, work),
    run: (work) =>
      live(async () => {
        const dies = commits++ === crashAt;
        isDead = dies;
        if (dies && !after) throw new Crash();
        const result = await real.run(work);
        if (dies) throw new Crash();
        return result;
      }),
  };
  return {
    ...world.deps,
    transactions,
    arkd: {
      getInfo: () => live(() => arkd.getInfo()),
      submitTx: (input) =>
        live(async () => {
          await refuseOldParams(world, sessionId);
          return arkd.submitTx(input);
        }),
      finalizeTx: (input) => live(() => arkd.finalizeTx(input)),
      getPendingTxs: (intent) => live(() => arkd.getPendingTxs(intent)),
      listVtxosByScripts: (scripts, filter) => live(() => arkd.listVtxosByScripts(scripts, filter)),
      listVtxosByOutpoints: (ids) => live(() => arkd.listVtxosByOutpoints(ids)),
      getAssetSupply: (id) => live(() => arkd.getAssetSupply(id)),
    },
  };
}

/** arkd compares the digest before anything else: a transaction built by other parameters has no effect. */
async function refuseOldParams({ arkd, getSession }: CeremonyWorld, sessionId: string): Promise<void> {
  const { arkParams } = await getSession(sessionId);
  if (arkParams?.checkpointTapscript === (await arkd.getInfo()).checkpointTapscript) return;
  throw new AppError("daemon_rejected", {
    details: { service: "arkd", daemon_code: 47, daemon_name: "DIGEST_MISMATCH" },
  });
}
