import { randomUUID } from "node:crypto";

import { parsePsbt } from "@arkrelay/core/ark/psbt";
import { signItems } from "@arkrelay/core/ark/sign-items";
import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { AppError } from "@arkrelay/core/errors";
import { recoverInBatch, type RecoveryDeps } from "@arkrelay/core/renewal/recover-in-batch";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import { ALICE, BOB, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { BatchFate } from "@arkrelay/core/testing/in-memory-batches";
import { recordVtxos, syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
import { isCrash } from "../testing/crash";
import { mortalDeps } from "../testing/mortal-process";
import { openSettlementWorld, type SettlementWorld } from "../testing/settlement-world";

const DAY_MS = 86_400_000;
const GOLD = `${"aa".repeat(32)}0000`;

let test: TestDatabase;
let world: SettlementWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openSettlementWorld(test);
});

const refusalOf = async (act: Promise<unknown>): Promise<AppError> => {
  const thrown: unknown = await act.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof AppError) return thrown;
  throw new Error(`not refused: ${String(thrown)}`);
};

const record = async (...vtxoIds: readonly string[]): Promise<void> =>
  recordVtxos(world.deps, await world.arkd.listVtxosByOutpoints(vtxoIds));

/** VTXOs of a user that arkd has swept, known to our mirror. */
async function giveSwept(user: TestKey, ...amountsSats: readonly bigint[]): Promise<readonly string[]> {
  const ids = amountsSats.map((amountSats, index) =>
    world.arkd.fund(user.pubkey, amountSats, index === 1 ? [{ assetId: GOLD, amount: 70n }] : []),
  );
  await syncVtxos(world.deps, { ownerPubkey: user.pubkey });
  for (const id of ids) world.arkd.sweep(id);
  await record(...ids);
  return ids;
}

const recover = async (user: TestKey, vtxoIds: readonly string[]): Promise<string> => {
  const { session } = await world.open(user, { type: "vtxo:renew", params: { vtxo_ids: vtxoIds } });
  await world.drive(session.sessionId);
  return session.sessionId;
};

/** Opens, signs, and has the signed proof kept. */
const prove = async (user: TestKey, vtxoIds: readonly string[]): Promise<string> => {
  const sessionId = await recover(user, vtxoIds);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
  return sessionId;
};

const join = async (over: RecoveryDeps = world.deps) => {
  const turn = { jobId: randomUUID(), guard: () => Promise.resolve(), signal: new AbortController().signal };
  const ends = await recoverInBatch(over, await world.deps.proofs.listOpen(), turn);
  return ends.map((each) => (each.status === "fulfilled" ? each.value : (each.reason as unknown)));
};

const locks = () => test.database.select("SELECT vtxo_id FROM vtxos WHERE locked_by IS NOT NULL");
const liveOf = async ({ pubkey }: TestKey) =>
  (await world.deps.vtxos.listLive(undefined, pubkey, 10)).map(({ amountSats }) => amountSats);
const resultOf = async (session: Session) => world.deps.results.find(session.userPubkey, session.intent.actionId);

describe("swept VTXOs", () => {
  it("come back whole from a batch for one signed proof, and a 31340 names its commitment", async () => {
    const ids = await giveSwept(ALICE, 30_000n, 1_000n);
    const sessionId = await prove(ALICE, ids);
    expect(await world.getSession(sessionId)).toMatchObject({
      status: "signing",
      ceremonyState: "ark_sigs_collected",
      sessionType: "p2p_transfer",
      context: { renew: { way: "recover" } },
    });
    expect(await join()).toEqual(["completed"]);

    const [commitment = ""] = world.batches.commitments;
    const session = await world.getSession(sessionId);
    const fresh = [...world.arkd.vtxos.values()].filter(
      (vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, ALICE.pubkey),
    );
    expect(session).toMatchObject({ status: "completed", ceremonyState: "published" });
    expect(session.resultData).toEqual({
      txid: commitment,
      commitment_txid: commitment,
      inputs: ids,
      outputs: [
        { vtxo_id: fresh[0]?.vtxoId, amount: 30_000, asset_id: "gBTC", recipient: ALICE.pubkey },
        { vtxo_id: fresh[1]?.vtxoId, amount: 70, asset_id: GOLD, recipient: ALICE.pubkey },
      ],
      fee_paid: 0,
      fee_asset_id: "gBTC",
      expires_at: fresh[0]?.expiresAt?.toISOString(),
    });
    expect((await resultOf(session))?.kind).toBe(31340);
    expect(await liveOf(ALICE)).toEqual([30_000n, 1_000n]);
    expect((await world.vtxo(ids[0] ?? "")).status).toBe("settled");
    expect([await locks(), await world.deps.proofs.listOpen()]).toEqual([[], []]);
    expect(await join()).toEqual([]);
  });

  it("are asked for by one challenge over their proof, which pays their owner all and nobody else anything", async () => {
    const ids = await giveSwept(ALICE, 30_000n, 20_000n);
    const challenge = await world.openChallenge(await recover(ALICE, ids));
    const content = challenge?.content;
    if (content?.type !== "sign_intent_proof") throw new Error("another challenge");
    expect(content.items.map(({ role, input, pubkey }) => [role, input, pubkey])).toEqual(
      [0, 1, 2].map((input) => ["proof", input, ALICE.pubkey]),
    );
    const proof = parsePsbt(content.proof_psbt);
    const paid = Array.from({ length: proof.outputsLength }, (_, index) => proof.getOutput(index));
    expect(paid.filter(({ amount = 0n }) => amount > 0n).map(({ amount }) => amount)).toEqual([30_000n, 20_000n]);
    expect(content.context).toMatchObject({ renew: true, step_index: 1, step_total: 1, stage: null });
    expect(JSON.parse(content.message)).toMatchObject({
      type: "register",
      expire_at: Math.floor((world.clock.now().getTime() + DAY_MS) / 1000),
    });
  });

  it("are worth nothing to a cosigner of another session", async () => {
    const cosignersOf = async (user: TestKey) => {
      const challenge = await world.openChallenge(await recover(user, await giveSwept(user, 30_000n)));
      const content = challenge?.content;
      return content?.type === "sign_intent_proof"
        ? (JSON.parse(content.message) as { cosigners_public_keys: readonly string[] }).cosigners_public_keys
        : [];
    };
    const [first, second] = [await cosignersOf(ALICE), await cosignersOf(BOB)];
    expect([first.length, second.length]).toEqual([1, 1]);
    expect(new Set([...first, ...second, world.deps.cosigner.pubkey]).size).toBe(3);
  });

  it("of somebody else are refused, and so are live and swept ones together", async () => {
    const [own = ""] = await giveSwept(ALICE, 30_000n);
    const [foreign = ""] = await giveSwept(BOB, 30_000n);
    expect((await refusalOf(recover(ALICE, [foreign]))).code).toBe("vtxo_not_owned");
    expect((await refusalOf(recover(ALICE, [own, foreign]))).code).toBe("vtxo_not_owned");
    const live = world.arkd.fund(ALICE.pubkey, 20_000n);
    await record(live);
    expect((await refusalOf(recover(ALICE, [own, live]))).errors[0]?.code).toBe("mixed");
  });

  it("that were spent before their proof is asked for end the session", async () => {
    const ids = await giveSwept(ALICE, 30_000n);
    const { session } = await world.open(ALICE, { type: "vtxo:renew", params: { vtxo_ids: ids } });
    world.arkd.spendElsewhere(ids[0] ?? "");
    await world.drive(session.sessionId);
    expect(await world.getSession(session.sessionId)).toMatchObject({ status: "failed", errorCode: "vtxo_spent" });
    expect(await locks()).toEqual([]);
  });

  it("are held by one session, whose challenge gives them back when it runs out", async () => {
    const ids = await giveSwept(ALICE, 30_000n);
    const first = await recover(ALICE, ids);
    const second = await recover(ALICE, ids);
    expect(await world.getSession(second)).toMatchObject({ status: "failed", errorCode: "vtxo_locked" });
    world.clock.advance(301_000);
    await expireSessions(world.deps, { limit: 10 });
    expect((await world.getSession(first)).status).toBe("initiated");
    expect(await locks()).toEqual([]);
  });

  it("are lost to nobody by three wrong signatures: the session fails, and they are free", async () => {
    const ids = await giveSwept(ALICE, 30_000n);
    const sessionId = await recover(ALICE, ids);
    const challenge = await world.openChallenge(sessionId);
    const items = (challenge?.items ?? []).map((item) => ({ ...item, pubkey: BOB.pubkey }));
    for (let round = 0; round < 3; round++) {
      const wrong = test.database.transactions.run((tx) =>
        respondToChallenge(world.deps, tx, {
          sessionId,
          caller: ownerCaller(ALICE.pubkey),
          signedBy: ALICE.pubkey,
          signatures: signItems(items, BOB.secretKey, world.deps.random),
        }),
      );
      expect((await refusalOf(wrong)).code).toBe("signature_mismatch");
    }
    expect(await world.getSession(sessionId)).toMatchObject({ status: "failed", errorCode: "signature_mismatch" });
    expect([await locks(), await join()]).toEqual([[], []]);
  });

  it("are not answered for twice", async () => {
    const sessionId = await recover(ALICE, await giveSwept(ALICE, 30_000n));
    const challenge = await world.openChallenge(sessionId);
    if (challenge === undefined) throw new Error("no challenge");
    const event = world.responseEvent(ALICE, sessionId, challenge);
    await world.process(event);
    await world.drive(sessionId);
    const again = await test.database.transactions
      .run((tx) =>
        respondToChallenge(world.deps, tx, {
          sessionId,
          caller: ownerCaller(ALICE.pubkey),
          signedBy: ALICE.pubkey,
          challengeId: challenge.challengeId,
          signatures: signItems(challenge.items, ALICE.secretKey, world.deps.random),
        }),
      )
      .catch((error: unknown) => error);
    expect(again).toMatchObject({ code: "challenge_used" });
    expect(await world.deps.proofs.listOpen()).toHaveLength(1);
  });
});

describe("a signed proof", () => {
  it("is taken back by no cancel and no timer, since arkd may take it", async () => {
    const sessionId = await prove(ALICE, await giveSwept(ALICE, 30_000n));
    const cancel = test.database.transactions.run((tx) =>
      cancelSession(world.deps, tx, { sessionId, caller: ownerCaller(ALICE.pubkey), reason: "no" }),
    );
    expect((await refusalOf(cancel)).code).toBe("too_late_to_cancel");
    world.clock.advance(3_600_000);
    await expireSessions(world.deps, { limit: 10 });
    await world.drive(sessionId);
    expect((await world.getSession(sessionId)).status).toBe("signing");
    expect(await locks()).toHaveLength(1);
  });

  it.each<BatchFate>(["failed", "failed_late", "lost", "lost_late", "refused"])(
    "is registered again after a batch that was %s",
    async (fate) => {
      const sessionId = await prove(ALICE, await giveSwept(ALICE, 30_000n));
      world.batches.fate = () => fate;
      await join();
      expect((await world.getSession(sessionId)).status).toBe("signing");
      expect(await locks()).toHaveLength(1);
      world.batches.fate = () => "finalized";
      expect(await join()).toEqual(["completed"]);
      expect(await liveOf(ALICE)).toEqual([30_000n]);
    },
  );

  it("is found settled when nobody heard that its batch was final", async () => {
    const sessionId = await prove(ALICE, await giveSwept(ALICE, 30_000n));
    world.batches.fate = () => "final_unheard";
    expect(await join()).toEqual(["waiting"]);
    expect(await join()).toEqual(["completed"]);
    expect((await world.getSession(sessionId)).status).toBe("completed");
    expect(world.batches.commitments).toHaveLength(1);
  });

  it("that no batch took frees its VTXOs once it has run out, and not before", async () => {
    const sessionId = await prove(ALICE, await giveSwept(ALICE, 30_000n));
    world.batches.fate = () => "failed";
    world.clock.advance(DAY_MS);
    expect(await join()).toEqual(["waiting"]);
    expect(await locks()).toHaveLength(1);
    world.clock.advance(301_000);
    expect(await join()).toEqual(["ended"]);
    const session = await world.getSession(sessionId);
    expect(session).toMatchObject({ status: "expired", ceremonyState: "expired_before_submit" });
    expect((await resultOf(session))?.kind).toBe(31341);
    expect([await locks(), await join()]).toEqual([[], []]);
  });

  it("that was settled in the last moment completes, though it has run out meanwhile", async () => {
    const sessionId = await prove(ALICE, await giveSwept(ALICE, 30_000n));
    world.batches.fate = () => "final_unheard";
    await join();
    world.clock.advance(2 * DAY_MS);
    expect(await join()).toEqual(["completed"]);
    expect((await world.getSession(sessionId)).status).toBe("completed");
  });

  it("whose VTXOs their owner took elsewhere fails", async () => {
    const [id = ""] = await giveSwept(ALICE, 30_000n);
    const sessionId = await prove(ALICE, [id]);
    world.arkd.spendElsewhere(id);
    expect(await join()).toEqual(["ended"]);
    expect(await world.getSession(sessionId)).toMatchObject({ status: "failed", errorCode: "vtxo_spent" });
    expect(await locks()).toEqual([]);
  });

  it("that arkd refuses holds up no other", async () => {
    await prove(ALICE, await giveSwept(ALICE, 30_000n));
    await prove(BOB, await giveSwept(BOB, 40_000n));
    const fates: BatchFate[] = ["refused", "finalized"];
    world.batches.fate = () => fates.shift() ?? "finalized";
    const ends = await join();
    expect(ends.filter((each) => each === "completed")).toHaveLength(1);
    expect(ends.filter((each) => each instanceof AppError)).toHaveLength(1);
    expect(await join()).toEqual(["completed"]);
  });

  it.each([
    { at: "commit", after: false },
    { at: "commit", after: true },
    { at: "call", after: false },
    { at: "call", after: true },
  ] as const)(
    "brings its owner the VTXOs once, wherever the gateway dies ($at, after: $after)",
    async (moment) => {
      let survived = false;
      for (let crashAt = 0; !survived; crashAt++) {
        await test.empty();
        world = await openSettlementWorld(test);
        const sessionId = await recover(ALICE, await giveSwept(ALICE, 30_000n));
        await world.answer(ALICE, sessionId);
        survived = await throughWith(mortalDeps(world.deps, { ...moment, crashAt }), sessionId);
        world.batches.dropUnconfirmed();
        await throughWith(world.deps, sessionId);
        expect([crashAt, (await world.getSession(sessionId)).status]).toEqual([crashAt, "completed"]);
        expect(await liveOf(ALICE)).toEqual([30_000n]);
        expect([await locks(), world.batches.commitments.length]).toEqual([[], 1]);
      }
    },
    240_000,
  );
});

/** Keeps the proof and takes it through a batch; false = the process died on the way. */
async function throughWith(deps: RecoveryDeps, sessionId: string): Promise<boolean> {
  const fence = randomUUID();
  await test.database.write("UPDATE signing_sessions SET attempt_token = ? WHERE session_id = ?", [fence, sessionId]);
  try {
    await driveCeremony(deps, { sessionId, fence });
  } catch (thrown) {
    if (isCrash(thrown)) return false;
    throw thrown;
  }
  const ends = await join(deps);
  expect(ends.filter((each) => each instanceof Error && !isCrash(each))).toEqual([]);
  return !ends.some(isCrash);
}
