import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { isTerminal, type Session } from "@arkrelay/core/session/session";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";
import { TEST_ARK_PARAMS, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { attemptDrive, setFault } from "./attempt-drive";
import { checkAlways, checkBooks, checkHoldings, checkOutcomes, type Ended } from "./ceremony-checks";
import { readHappened } from "./ceremony-happened";
import { openRandomWorld } from "./ceremony-random-world";
import { checkSpending } from "./ceremony-spending";
import type { CeremonyStep, RaceAct, StepOf } from "./ceremony-steps";
import { createWallets, type OwnedSession } from "./ceremony-wallets";
import { ownerCaller } from "./ceremony-world";
import { isCrash } from "./crash";
import { mortalDeps } from "./mortal-process";
import { quietly } from "./quietly";
import type { RandomRun } from "./random-runs";
import { createRandomSessions, OUTSIDER } from "./random-sessions";
import { createRandomSwaps } from "./random-swaps";
import { seededRandom } from "./seeded-random";

/** Checkpoints with another exit delay. */
const OTHER_SETTINGS = {
  checkpointTapscript: TEST_ARK_PARAMS.checkpointTapscript.replace("a90040", "aa0040"),
  digest: "d2",
};
/** More than a session survives. */
const LIES_MAX = 4;
const ROUNDS_MAX = 60;
/** Longer than an unanswered send may still take effect. */
const ROUND_MS = 31_000;
/** When nothing but timers is left to wait for. */
const PAUSE_MS_MAX = 250_000;

/** One history of the gateway: takes steps, lets everything come to its end, looks whether arkd and the books are right. */
export async function startCeremonyRun(test: TestDatabase, seed: number): Promise<RandomRun<CeremonyStep>> {
  const { world, users, coins, facts, reconciliation } = await openRandomWorld(test, seededRandom(seed));
  const { arkd, clock, deps } = world;
  const happened: string[] = [];
  const opened = createRandomSessions(world, users, coins, happened);
  const { sessions } = opened;
  const wallets = createWallets(test, world);
  const swaps = createRandomSwaps(test, world, users);
  const withholding = new Set<string>();
  let isHonestAgain = false;

  const inTx = test.database.transactions.run.bind(test.database.transactions);
  const userOf = (index: number): TestKey => users[index] ?? OUTSIDER;
  const headOf = async ({ id }: OwnedSession): Promise<string> => {
    const { headId } = await world.getSession(id);
    if (headId === undefined) return id;
    const [row] = await test.database.select("SELECT session_id FROM signing_sessions WHERE id = ?", [headId]);
    return String(row?.["session_id"]);
  };
  const membersOf = async (session: OwnedSession): Promise<readonly OwnedSession[]> => {
    const head = await headOf(session);
    const heads = await Promise.all(sessions.map(async (each) => ({ each, head: await headOf(each) })));
    return heads.filter((other) => other.head === head).map(({ each }) => each);
  };
  /** Who withholds checkpoints signs everything else. */
  const isWilling = async ({ id, user }: OwnedSession): Promise<boolean> => {
    if (isHonestAgain || !withholding.has(user.pubkey)) return true;
    return (await world.openChallenge(id))?.stage !== "checkpoint_txs";
  };
  const answer = async (session: OwnedSession): Promise<void> => {
    if (await isWilling(session)) await wallets.answer(session);
  };
  const answerOverNostr = async (session: OwnedSession, isHeld = false): Promise<void> => {
    const event = (await isWilling(session)) ? await wallets.sign(session) : undefined;
    if (event !== undefined) await opened.publish(event, isHeld);
  };
  const answerSomehow = async (session: OwnedSession, { how, isStubborn }: StepOf<"answer">): Promise<void> => {
    if (how === "nostr" || how === "held") return answerOverNostr(session, how === "held");
    if (how === "honest") return answer(session);
    if (!(await isWilling(session))) return;
    const other = sessions.find(({ id, user }) => id !== session.id && user === session.user);
    for (let lies = 0; lies < (isStubborn ? LIES_MAX : 1); lies++)
      await quietly(() => wallets.answer(session, how, other));
  };
  const isLive = async ({ id }: OwnedSession): Promise<boolean> => !isTerminal(await world.getSession(id));
  const isAsked = async ({ id }: OwnedSession): Promise<boolean> => (await world.openChallenge(id)) !== undefined;
  const expire = (): Promise<unknown> => expireSessions(deps, { limit: 100 });
  const callerOf = ({ user }: OwnedSession) => ownerCaller(user.pubkey);
  const drive = async (session: OwnedSession, plan?: StepOf<"drive">): Promise<void> => {
    try {
      await attemptDrive(test, world, await headOf(session), plan);
    } catch (thrown) {
      if (isCrash(thrown)) happened.push(`died at a ${plan?.death?.at ?? "commit"}`);
      throw thrown;
    }
  };
  const cancel = (session: OwnedSession): Promise<unknown> =>
    inTx((tx) =>
      cancelSession(deps, tx, { sessionId: session.id, caller: callerOf(session), reason: "changed my mind" }),
    );
  const ask = (session: OwnedSession): Promise<unknown> =>
    inTx((tx) => requestChallenge(deps, tx, { sessionId: session.id, caller: callerOf(session) }));

  const raceActOf = (act: RaceAct, session: OwnedSession): (() => Promise<unknown>) => {
    const acts: Readonly<Record<RaceAct, () => Promise<unknown>>> = {
      drive: () => drive(session),
      drive_other: () => drive(sessions.find(({ id }) => id !== session.id) ?? session),
      answer: () => answer(session),
      answer_members: async () => {
        const members = await membersOf(session);
        await Promise.all(members.map((each) => quietly(() => answer(each))));
      },
      answer_nostr: () => answerOverNostr(session),
      cancel: () => cancel(session),
      expire,
      sync: () => syncVtxos(deps, { ownerPubkey: session.user.pubkey }),
      ask: () => ask(session),
    };
    return acts[act];
  };

  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    // What arkd does at expiry; its owner may recover it in a batch.
    for (const { vtxoId, isSpent, isSwept, expiresAt } of arkd.vtxos.values()) {
      if (isSpent || isSwept || expiresAt === null || expiresAt > clock.now()) continue;
      arkd.sweep(vtxoId);
      happened.push("VTXO expired");
    }
  };
  /** The owner spends one of its VTXOs with another wallet: one that a session wants, if arkd has not accepted that. */
  const spendElsewhere = async (step: StepOf<"spend_elsewhere">): Promise<void> => {
    const owner = userOf(step.user).pubkey;
    const own = [...arkd.vtxos.values()].filter((vtxo) => !vtxo.isSpent && arkd.isOwnedBy(vtxo, owner));
    const locked = await test.database.select("SELECT vtxo_id FROM vtxos WHERE locked_by IS NOT NULL");
    const wanted = own.find(({ vtxoId }) => locked.some((row) => row["vtxo_id"] === vtxoId));
    const coin = wanted ?? own[0];
    if (coin === undefined) return;
    arkd.spendElsewhere(coin.vtxoId);
    facts.lost.push(coin);
    if (wanted !== undefined) happened.push("double spend");
  };

  const act = async (step: CeremonyStep): Promise<unknown> => {
    switch (step.kind) {
      case "open":
        return opened.open(step);
      case "intent":
        return opened.takeIntent(step);
      case "swap":
        return (await swaps.start(step)).forEach(opened.remember);
      case "resubmit":
        return swaps.submitAgain(step.event);
      case "renew":
        return opened.renew(step);
      case "protocol_op":
        return opened.openOperation(step);
      case "payouts":
        setFault(world, step.fault);
        return world.runPayouts(step.death === null ? deps : mortalDeps(deps, step.death)).finally(() => {
          setFault(world, null);
        });
      case "deliver":
        return opened.deliver(step);
      case "bring":
        return opened.bring(step);
      case "settings":
        arkd.settings = step.other ? OTHER_SETTINGS : {};
        return undefined;
      case "withhold":
        return withholding.add(userOf(step.user).pubkey);
      case "sync":
        return syncVtxos(deps, { ownerPubkey: users[step.user]?.pubkey ?? deps.wallet.keys.fee.pubkey });
      case "advance":
        return advance(step.seconds * 1000);
      case "expire":
        return expire();
      case "spend_elsewhere":
        return spendElsewhere(step);
      default:
        return actOnSession(step);
    }
  };
  const actOnSession = async (
    step: StepOf<"drive" | "race" | "answer" | "cancel" | "ask" | "start">,
  ): Promise<unknown> => {
    const isFit = step.kind === "answer" ? isAsked : step.kind === "drive" ? isLive : async () => true;
    const fit = await Promise.all(sessions.map(isFit));
    const fitting = sessions.filter((_session, index) => fit[index]);
    const session = fitting[step.session % Math.max(fitting.length, 1)];
    if (session === undefined) return undefined;
    switch (step.kind) {
      case "drive":
        return drive(session, step);
      case "race":
        return Promise.all(step.acts.map((each) => quietly(raceActOf(each, session))));
      case "answer":
        return answerSomehow(session, step);
      case "cancel":
        return cancel(session);
      case "ask":
        return ask(session);
      case "start":
        return inTx((tx) => startCeremony(deps, tx, { sessionId: session.id, caller: callerOf(session) }));
    }
  };

  const allSessions = (): Promise<readonly Session[]> => Promise.all(sessions.map(({ id }) => world.getSession(id)));
  /** Accepted by arkd, and a signer of it keeps the checkpoints to itself. */
  const isWithheld = async (session: Session): Promise<boolean> => {
    if (isHonestAgain || session.ceremonyState !== "accepted") return false;
    const members = await membersOf({ id: session.sessionId, user: OUTSIDER });
    const willing = await Promise.all(members.map(isWilling));
    return willing.includes(false);
  };
  const openSessions = async (): Promise<readonly Session[]> => {
    const live = (await allSessions()).filter((session) => !isTerminal(session));
    const withheld = await Promise.all(live.map(isWithheld));
    return live.filter((_session, index) => withheld[index] === false);
  };
  /** Wallets come back, arkd answers, time passes, and sessions are driven when their rows are due, never otherwise. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const live = await openSessions();
      if (live.length === 0) return;
      for (const session of sessions) {
        if (live.some(({ sessionId }) => sessionId === session.id)) await quietly(() => answer(session));
      }
      const due = await test.database.select(
        "SELECT session_id FROM signing_sessions WHERE next_at <= ? AND head_id IS NULL ORDER BY id",
        [clock.now()],
      );
      for (const row of due) await quietly(() => attemptDrive(test, world, String(row["session_id"])));
      await quietly(() => world.runPayouts());
      await quietly(expire);
      await checkAlways(test);
      await advance(Math.min(ROUND_MS * 2 ** Math.max(0, round - 8), PAUSE_MS_MAX));
    }
    const states = (await openSessions()).map(({ intent, status, ceremonyState }) =>
      [intent.type, status, ceremonyState].join(" "),
    );
    throw new Error(`sessions do not end: ${states.join(", ")}`);
  };

  return {
    take: async (step) => {
      await quietly(() => act(step));
      await checkAlways(test);
    },
    settleAll: async () => {
      await opened.deliverHeld(quietly);
      await settle();
      const waiting = (await allSessions()).filter((session) => !isTerminal(session));
      isHonestAgain = true;
      await settle();
      for (const { sessionId } of waiting)
        expect(await world.getSession(sessionId)).toMatchObject({ status: "completed" });
      if (waiting.length > 0) happened.push("checkpoints withheld");
    },
    check: async () => {
      const ended: Ended = { sessions: await allSessions(), users: users.map(({ pubkey }) => pubkey), ...facts };
      expect(wallets.takenLies).toEqual([]);
      const used = await test.database.select("SELECT challenge_id FROM signing_challenges WHERE status = 'used'");
      expect(used.map((row) => String(row["challenge_id"])).filter((id) => !wallets.approved.has(id))).toEqual([]);
      checkHoldings(world, ended);
      await checkSpending(test, world, ended);
      await checkOutcomes(test, world, ended);
      await swaps.check();
      await checkBooks(test, world, ended);
      await reconciliation.run();
      await reconciliation.run();
      expect(reconciliation.drifts).toEqual([]);
    },
    whatHappened: async () => [
      ...happened,
      ...wallets.refusedLies.map((how) => `refused: ${how}`),
      ...(await readHappened(test, await allSessions())),
    ],
  };
}
