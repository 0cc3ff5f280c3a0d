import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { readTimeline } from "@arkrelay/core/timeline/read-timeline";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { DrizzleTimelineStore } from "@arkrelay/db/stores/timeline-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld, type AssetWorld } from "../testing/asset-world";

let test: TestDatabase;
let world: AssetWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openAssetWorld(test);
  await world.stockFees(3);
});

async function read(id: string) {
  const timeline = await readTimeline({ clock: world.clock, timeline: new DrizzleTimelineStore(test.database) }, id);
  if (timeline === undefined) throw new Error(`nobody knows ${id}`);
  const { entries, stuckReason } = timeline;
  return { entries, stuckReason, lines: entries.map(({ source, what }) => `${source}: ${what}`) };
}

async function aTransfer(): Promise<string> {
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const params = { asset_id: GBTC, amount: 40_000, recipient_pubkey: BOB.pubkey };
  return (await world.open(ALICE, { params })).session.sessionId;
}

async function settled(): Promise<string> {
  const sessionId = await aTransfer();
  await world.drive(sessionId);
  await world.answer(ALICE, sessionId);
  await world.drive(sessionId);
  await world.answer(ALICE, sessionId);
  await world.drive(sessionId);
  return sessionId;
}

const one = async (text: string, column: string): Promise<string> => {
  const [row] = await test.database.select(text);
  return String(row?.[column]);
};

describe("the timeline of a transfer", () => {
  it("tells everything that was done for it, in order", async () => {
    const { lines, entries, stuckReason } = await read(await settled());
    expect(stuckReason).toBeUndefined();
    const wanted = [
      "http: session opened: p2p_transfer",
      "job: challenge issued: ark_tx",
      "http: challenge answered: ark_tx",
      "job: session is signing, ceremony submitting",
      "job: session is signing, ceremony accepted",
      "http: challenge answered: checkpoint_txs",
      "job: session is completed, ceremony published",
    ];
    expect(lines.filter((line) => wanted.includes(line))).toEqual(wanted);
    expect(lines).toEqual(
      expect.arrayContaining([
        "daemon: arkd has it final: p2p_transfer",
        "ledger: booked: l2_fee",
        "nostr: event of kind 31340 for ws://relay.test",
        "job: session: done",
      ]),
    );
    const times = entries.map(({ at }) => at.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("is found by its transaction, its challenge, and an event that carries it", async () => {
    const sessionId = await settled();
    const { lines } = await read(sessionId);
    const ids = [
      await one("SELECT txid FROM transactions", "txid"),
      await one("SELECT txid FROM session_txs WHERE role = 'checkpoint'", "txid"),
      await one("SELECT challenge_id FROM signing_challenges LIMIT 1", "challenge_id"),
      await one("SELECT event_id FROM nostr_outbox WHERE kind = 31340", "event_id"),
    ];
    for (const id of ids) expect((await read(id)).lines).toEqual(lines);
  });

  it("keeps out what belongs to another one", async () => {
    const [first, second] = [await aTransfer(), await aTransfer()];
    await world.drive(first);
    await world.drive(second);
    const { entries } = await read(first);
    expect(entries.map(({ ref }) => ref)).not.toContain(second);
  });

  it("is unknown of an id that nobody has seen", async () => {
    const store = new DrizzleTimelineStore(test.database);
    expect(await readTimeline({ clock: world.clock, timeline: store }, "nobody")).toBeUndefined();
  });

  it("says at each state what it waits for", async () => {
    const sessionId = await aTransfer();
    const reason = async () => (await read(sessionId)).stuckReason;
    expect(await reason()).toMatch(/is being prepared/);
    world.clock.advance(60_000);
    expect(await reason()).toMatch(/has been due since .* no worker takes it/);
    await test.database.write("UPDATE signing_sessions SET next_at = NULL");
    await world.drive(sessionId);
    const challenge = await world.openChallenge(sessionId);
    expect(await reason()).toContain(`waits for its signer to answer challenge ${challenge?.challengeId}`);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    await test.database.write("UPDATE signing_sessions SET next_at = NULL");
    expect(await reason()).toMatch(/checkpoint signatures/);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    expect(await reason()).toBeUndefined();
  });

  it("says that a relay takes nothing of it", async () => {
    const sessionId = await settled();
    await test.database.write("UPDATE nostr_outbox SET status = 'parked', attempts = 9, last_error = 'blocked: no'");
    expect((await read(sessionId)).stuckReason).toMatch(/is given up at ws:\/\/relay.test: blocked: no/);
  });
});

describe("the timeline of a job", () => {
  it("holds its attempts, its payout and the booking, and is found by the request that made it", async () => {
    await world.stock(100_000n);
    const { jobId, txid } = await world.assign({ userPubkey: ALICE.pubkey });
    await test.database.write("UPDATE job_logs SET request_id = 'req-1' WHERE job_id = ?", [jobId]);
    expect((await read(jobId)).stuckReason).toMatch(/The payout assign/);
    await world.settle(jobId);
    const { lines, stuckReason } = await read(jobId);
    expect(stuckReason).toBeUndefined();
    expect(lines).toEqual(
      expect.arrayContaining([
        "http: job inserted: vtxo_assign",
        "job: payout planned: assign",
        "daemon: arkd SubmitTx of a payout, attempt 1",
        "daemon: arkd: vtxo_assign",
        "ledger: booked: vtxo_assigned",
        "job: job ended: vtxo_assign",
      ]),
    );
    for (const id of ["req-1", txid]) expect(new Set((await read(id)).lines)).toEqual(new Set(lines));
  });

  it("holds every part of an order of stock", async () => {
    await world.treasure(50_000_000n);
    const jobId = await world.orderStock({ assetId: GBTC, count: 300, amountSats: 1_000, assetAmount: 0 });
    await world.settle(jobId);
    const { lines } = await read(jobId);
    expect(lines.filter((line) => line === "job: payout planned: fanout")).toHaveLength(2);
  });

  it("says why it has failed", async () => {
    const job = await world.settle(await world.orderStock({ assetId: GBTC, count: 2, assetAmount: 0 }));
    expect((await read(job.jobId)).stuckReason).toBe(`Job ${job.jobId} has failed after 5 tries: inventory_exhausted.`);
  });
});
