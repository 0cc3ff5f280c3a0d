import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createMetrics } from "@arkrelay/runtime/metrics";

import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";
import { startTestWorker, type TestWorker } from "../testing/test-worker";
import { ceremonyDriveTask } from "./ceremony-drive";
import { cleanupExpiredSessionsTask } from "./cleanup-expired-sessions";
import { nostrProcessTask } from "./nostr-process";
import { txRecoverTask } from "./tx-recover";
import { vtxoSyncTask } from "./vtxo-sync";

describe("the tasks of sessions, through the queue", () => {
  let test: TestDatabase;
  let world: CeremonyWorld;
  let worker: TestWorker;
  let events: DrizzleNostrEventStore;

  beforeAll(async () => {
    test = await openTestDatabase();
    events = new DrizzleNostrEventStore(test.database);
  });
  beforeEach(async () => {
    await test.empty();
    world = await openCeremonyWorld(test);
    await world.stockFees(5);
    const { deps } = world;
    const attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    worker = await startTestWorker(test, {
      ceremony_drive: ceremonyDriveTask(deps, () => undefined, createMetrics()),
      nostr_process: nostrProcessTask({
        ...deps,
        attempts,
        events,
        knownArkInfo: new DrizzleArkInfoStore(test.database),
      }),
      cleanup_expired_sessions: cleanupExpiredSessionsTask(
        { ...deps, stuck: new DrizzleStuckCeremonies(test.database) },
        900_000,
      ),
      vtxo_sync: vtxoSyncTask(deps),
      tx_recover: txRecoverTask({ ...deps, attempts }),
    });
  });
  afterEach(() => worker.close());
  afterAll(() => test.close());

  const intentOf = (actionId: string) => ({
    action_id: actionId,
    type: "p2p_transfer",
    params: { asset_id: GBTC, amount: 40_000, recipient_pubkey: BOB.pubkey, fee_asset_id: GBTC, fee_amount: 10 },
    expires_at: Math.floor(world.clock.now().getTime() / 1000) + 3_600,
  });
  /** Stores ALICE's intent as the listener does and waits until it is processed. */
  const receive = async (content: Record<string, unknown>, errorCode?: "rate_limited"): Promise<string> => {
    const event = world.intentEvent(ALICE, content);
    const wake = await test.database.transactions.run((tx) => events.insert(tx, { event, relay: "ws://r", errorCode }));
    if (wake === undefined) throw new Error("the event was stored before");
    await worker.wake([wake]);
    await worker.ends.of(event.id);
    return event.id;
  };
  const sessionOf = async (): Promise<string> => {
    const [row] = await test.database.select("SELECT session_id FROM signing_sessions");
    return String(row?.["session_id"]);
  };
  const answer = async (sessionId: string, drives: number): Promise<void> => {
    await worker.wake((await world.answer(ALICE, sessionId)).wakes);
    await worker.ends.of(sessionId, drives);
  };
  const runJob = async (draft: Parameters<TestWorker["insert"]>[0]) => {
    const { jobId, wakes } = await worker.insert({ owner: "system", ...draft });
    await worker.wake(wakes);
    await worker.ends.of(jobId);
    return worker.get(jobId);
  };

  it("settle an intent from its event to its confirmation", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const eventId = await receive(intentOf("transfer-1"));
    expect(await events.find(undefined, eventId)).toMatchObject({ status: "processed", errorCode: undefined });
    const sessionId = await sessionOf();
    await worker.ends.of(sessionId, 1);
    await answer(sessionId, 2);
    await answer(sessionId, 3);
    expect(await world.getSession(sessionId)).toMatchObject({ status: "completed", ceremonyState: "published" });
    const [row] = await test.database.select("SELECT next_at, attempt_token FROM signing_sessions");
    expect(row).toMatchObject({ next_at: null, attempt_token: null });
  });

  it("keep a refused intent with its reason, and tell an author who comes too fast without using its action up", async () => {
    expect(await events.find(undefined, await receive(intentOf("transfer-poor")))).toMatchObject({
      status: "refused",
      errorCode: "insufficient_balance",
    });
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const limited = await receive(intentOf("transfer-later"), "rate_limited");
    expect(await events.find(undefined, limited)).toMatchObject({ errorCode: "rate_limited" });
    expect(await world.deps.intents.find(ALICE.pubkey, "", "transfer-later")).toBeUndefined();
  });

  it("wake a stuck transaction's session, and leave an ended one alone", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    await receive(intentOf("transfer-2"));
    const sessionId = await sessionOf();
    await worker.ends.of(sessionId, 1);
    await answer(sessionId, 2);
    const [row] = await test.database.select("SELECT txid FROM transactions");
    const payload = { v: 1 as const, txid: String(row?.["txid"]) };
    expect(await runJob({ task: "tx_recover", payload })).toMatchObject({
      status: "completed",
      message: "The session was woken",
      resultData: { session_id: sessionId, status: "broadcast" },
    });
    await worker.ends.of(sessionId, 3);
    await answer(sessionId, 4);
    expect(await runJob({ task: "tx_recover", payload })).toMatchObject({ resultData: { status: "confirmed" } });
    expect(await runJob({ task: "tx_recover", payload: { v: 1, txid: "f".repeat(64) } })).toMatchObject({
      status: "failed",
      errorCode: "not_found",
    });
  });

  it("bring a mirror up to date", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n);
    world.arkd.fund(ALICE.pubkey, 2_000n);
    const job = await runJob({ task: "vtxo_sync", payload: { v: 1, ownerPubkey: ALICE.pubkey } });
    // The job's outcome tells nothing of the funds: its owner may be a solver.
    expect(job).toMatchObject({ status: "completed", resultData: {} });
    expect((await world.deps.vtxos.countByStatus(ALICE.pubkey)).assigned).toBe(2);
  });

  it("end sessions that ran out of time", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    await receive(intentOf("transfer-slow"));
    const sessionId = await sessionOf();
    await worker.ends.of(sessionId, 1);
    world.clock.advance(3_600_000);
    const job = await runJob({ task: "cleanup_expired_sessions", payload: { v: 1 }, runAt: new Date() });
    expect(job).toMatchObject({ resultData: { expired_sessions_cleaned: 1 } });
    expect(await world.getSession(sessionId)).toMatchObject({ status: "expired" });
  });
});
