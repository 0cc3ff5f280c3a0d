import { randomUUID } from "node:crypto";

import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { AppError } from "@arkrelay/core/errors";
import type { ArkDaemon } from "@arkrelay/core/ports/ark-daemon";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { CeremonyWorld } from "./ceremony-world";
import { mortalDeps, type Death } from "./mortal-process";

/** What befalls one attempt of a worker: where it dies, and what arkd does once. */
export interface DrivePlan {
  readonly death: Death | null;
  readonly fault: ArkdFault | null;
}

/**
 * One attempt as the worker makes it, by the world's clock: takes the row, drives it, and gives it back due when the drive or
 * somebody's wake said. A crash leaves the row to whoever notices the lapsed lease: it is due at once.
 */
export async function attemptDrive(
  test: TestDatabase,
  world: CeremonyWorld,
  sessionId: string,
  { death, fault }: DrivePlan = NO_FAULT,
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
  const deps = { ...world.deps, arkd: comparingParams(world, sessionId) };
  setFault(world, fault);
  try {
    const { nextAt } = await driveCeremony(death === null ? deps : mortalDeps(deps, death), { sessionId, fence });
    await giveBack(nextAt ?? null, false);
  } catch (thrown) {
    await giveBack(world.clock.now(), true);
    throw thrown;
  } finally {
    world.arkd.fault = () => undefined;
  }
}

const NO_FAULT: DrivePlan = { death: null, fault: null };

/** arkd fails once. */
export function setFault(world: Pick<CeremonyWorld, "arkd">, fault: ArkdFault | null): void {
  world.arkd.fault = (method) => {
    if (fault === null || (method === "read" && fault !== "unavailable")) return undefined;
    world.arkd.fault = () => undefined;
    return fault;
  };
}

/** arkd compares the digest before anything else: a transaction built by other parameters has no effect. */
function comparingParams({ arkd, getSession }: CeremonyWorld, sessionId: string): ArkDaemon {
  const submitTx: ArkDaemon["submitTx"] = async (input) => {
    const { arkParams } = await getSession(sessionId);
    if (arkParams?.checkpointTapscript === (await arkd.getInfo()).checkpointTapscript) return arkd.submitTx(input);
    throw new AppError("daemon_rejected", {
      details: { service: "arkd", daemon_code: 47, daemon_name: "DIGEST_MISMATCH" },
    });
  };
  return {
    submitTx,
    getInfo: () => arkd.getInfo(),
    finalizeTx: (input) => arkd.finalizeTx(input),
    getPendingTxs: (intent) => arkd.getPendingTxs(intent),
    listVtxosByScripts: (scripts, filter) => arkd.listVtxosByScripts(scripts, filter),
    listVtxosByOutpoints: (ids) => arkd.listVtxosByOutpoints(ids),
    getAssetSupply: (id) => arkd.getAssetSupply(id),
  };
}
