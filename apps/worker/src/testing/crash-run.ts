import { AppError } from "@arkrelay/core/errors";
import { INTENT_KIND } from "@arkrelay/core/nostr/kinds";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { isTerminal, movingIntentOf } from "@arkrelay/core/session/session";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";
import { TEST_ARK_PARAMS, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, ownerCaller, solverCaller } from "./ceremony-world";
import { checkAlways, checkBooks, checkOutcomes } from "./crash-checks";
import { attemptDrive, isCrash } from "./crash-process";
import type { CrashStep, RaceAct } from "./crash-steps";

const USERS = ["u0", "u1", "u2"].map(testKey);
const OUTSIDER = testKey("outsider");
/** Checkpoints with another exit delay. */
const OTHER_SETTINGS = {
  checkpointTapscript: TEST_ARK_PARAMS.checkpointTapscript.replace("a90040", "aa0040"),
  digest: "d2",
};
const COINS_SATS = [30_000n, 20_000n];
const USD = `${testKey("usd issuance").pubkey}0000`;
/** arkd knows it, the registry does not: it only ever rides along. */
const STRANGE = `${testKey("strange issuance").pubkey}0000`;
const CARRIED = [
  { assetId: USD, amount: 100n },
  { assetId: STRANGE, amount: 7n },
];

interface OpenedSession {
  readonly id: string;
  readonly user: TestKey;
}

/** One history of the gateway: takes steps, lets everything come to its end, looks whether the books are right. */
export async function startCrashRun(test: TestDatabase) {
  const world = await openCeremonyWorld(test);
  const firstCoins = USERS.map((user) => COINS_SATS.map((sats) => world.arkd.fund(user.pubkey, sats))[0] ?? "");
  const carriers = USERS.map((user) => world.arkd.fund(user.pubkey, 1_000n, CARRIED));
  await registerTestAsset(test.database, "gUSD", USD);
  await world.stockFees(8);
  const sessions: OpenedSession[] = [];
  const events: NostrEvent[] = [];
  let lostElsewhere = 0n;
  const lostUnits = new Map<string, bigint>();
  const before = world.arkd.totalSats();
  const feePubkey = world.deps.wallet.keys.fee.pubkey;

  /** Refusals are answers; a crash is the point of the exercise. Anything else is a bug. */
  const quietly = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
    } catch (thrown) {
      if (isCrash(thrown)) return;
      if (thrown instanceof AppError && thrown.code !== "internal_error") return;
      throw thrown;
    }
  };
  const inTx = test.database.transactions.run.bind(test.database.transactions);
  const userOf = (index: number): TestKey => USERS[index] ?? OUTSIDER;
  const remember = (id: string, user: TestKey): void => {
    if (!sessions.some((each) => each.id === id)) sessions.push({ id, user });
  };

  const openOverHttp = async (step: Extract<CrashStep, { kind: "open" }>): Promise<void> => {
    const user = userOf(step.user);
    const recipient = step.to === step.user ? OUTSIDER : userOf(step.to);
    const own = { coin: firstCoins[step.user] ?? "", carrier: carriers[step.user] ?? "" };
    const params = paramsOf(step, recipient.pubkey, own);
    const caller = step.proven ? {} : { caller: solverCaller("solver") };
    const extra = { sessionType: step.type, autoStart: step.autoStart, ...caller };
    const opened = await world.open(user, { params }, extra);
    remember(opened.session.sessionId, user);
  };

  const process = async (event: NostrEvent): Promise<void> => {
    await world.process(event);
    for (const user of USERS) {
      const listed = await world.deps.sessions.list({ userPubkey: user.pubkey }, 100, undefined);
      for (const session of listed) remember(session.sessionId, user);
    }
  };

  const takeIntent = (step: Extract<CrashStep, { kind: "intent" }>): Promise<void> => {
    const user = userOf(step.user);
    const event = world.intentEvent(user, {
      action_id: `nostr-action-${step.action}`,
      type: "p2p_transfer",
      params: {
        asset_id: GBTC,
        amount: step.amount,
        recipient_pubkey: OUTSIDER.pubkey,
        fee_asset_id: GBTC,
        fee_amount: 10,
      },
      expires_at: Math.floor(world.clock.now().getTime() / 1000) + step.lifeSeconds,
    });
    events.push(event);
    return process(event);
  };

  const bring = async (event: NostrEvent | undefined): Promise<void> => {
    const user = USERS.find((each) => each.pubkey === event?.pubkey);
    if (event?.kind !== INTENT_KIND || user === undefined) return;
    const opened = await world.open(user, {}, { caller: solverCaller("solver"), intentEvent: event });
    remember(opened.session.sessionId, user);
  };

  const answer = async ({ id, user }: OpenedSession, wrongKey = false): Promise<void> => {
    if ((await world.openChallenge(id)) === undefined) return;
    await world.answer(user, id, wrongKey ? ownerCaller(testKey("mallory").pubkey) : undefined);
  };
  const answerOverNostr = async ({ id, user }: OpenedSession): Promise<void> => {
    const challenge = await world.openChallenge(id);
    if (challenge === undefined) return;
    const event = world.responseEvent(user, id, challenge);
    events.push(event);
    await process(event);
  };
  const cancel = ({ id, user }: OpenedSession): Promise<unknown> =>
    inTx((tx) =>
      cancelSession(world.deps, tx, { sessionId: id, caller: ownerCaller(user.pubkey), reason: "changed my mind" }),
    );
  const ask = ({ id, user }: OpenedSession): Promise<unknown> =>
    inTx((tx) => requestChallenge(world.deps, tx, { sessionId: id, caller: ownerCaller(user.pubkey) }));
  const start = ({ id, user }: OpenedSession): Promise<unknown> =>
    inTx((tx) => startCeremony(world.deps, tx, { sessionId: id, caller: ownerCaller(user.pubkey) }));

  const actOf = (act: RaceAct, session: OpenedSession): Promise<unknown> => {
    switch (act) {
      case "drive":
        return attemptDrive(test, world, session.id);
      case "drive_other":
        return attemptDrive(test, world, sessions.find((each) => each.id !== session.id)?.id ?? session.id);
      case "answer":
        return answer(session);
      case "answer_nostr":
        return answerOverNostr(session);
      case "cancel":
        return cancel(session);
      case "expire":
        return expireSessions(world.deps, { limit: 100 });
      case "sync":
        return syncVtxos(world.deps, { ownerPubkey: session.user.pubkey });
      case "ask":
        return ask(session);
    }
  };

  const act = async (step: CrashStep): Promise<unknown> => {
    switch (step.kind) {
      case "open":
        return openOverHttp(step);
      case "intent":
        return takeIntent(step);
      case "replay": {
        const event = events[step.event % Math.max(events.length, 1)];
        return event === undefined ? undefined : process(event);
      }
      case "bring":
        return bring(events[step.event % Math.max(events.length, 1)]);
      case "settings":
        world.arkd.settings = step.other ? OTHER_SETTINGS : {};
        return undefined;
      case "sync":
        return syncVtxos(world.deps, { ownerPubkey: USERS[step.user]?.pubkey ?? feePubkey });
      case "advance":
        return world.clock.advance(step.seconds * 1000);
      case "expire":
        return expireSessions(world.deps, { limit: 100 });
      case "spend_elsewhere":
        return spendElsewhere(userOf(step.user).pubkey);
      default:
        return actOnSession(step);
    }
  };

  const actOnSession = async (step: Extract<CrashStep, { session: number }>): Promise<unknown> => {
    const session = sessions[step.session % Math.max(sessions.length, 1)];
    if (session === undefined) return undefined;
    switch (step.kind) {
      case "drive":
        return attemptDrive(test, world, session.id, step);
      case "race":
        return Promise.all(step.acts.map((each) => quietly(() => actOf(each, session))));
      case "answer":
        return answer(session, step.wrongKey);
      case "answer_nostr":
        return answerOverNostr(session);
      case "cancel":
        return cancel(session);
      case "ask":
        return ask(session);
      case "start":
        return start(session);
    }
  };

  /** The owner spends one of its VTXOs with another wallet, unless a transfer that arkd accepted has it already. */
  const spendElsewhere = async (pubkey: string): Promise<void> => {
    const own = [...world.arkd.vtxos.values()].find((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey));
    if (own === undefined) return;
    world.arkd.spendElsewhere(own.vtxoId);
    lostElsewhere += own.amountSats;
    for (const { assetId, amount } of own.assets) lostUnits.set(assetId, (lostUnits.get(assetId) ?? 0n) + amount);
  };

  const statesOf = () =>
    Promise.all(
      sessions.map(async ({ id }) => {
        const session = await world.getSession(id);
        const { status, ceremonyState, errorCode, submitState } = session;
        const { assetId } = movingIntentOf(session);
        return { assetId, status, ceremonyState, errorCode, isRebuilt: submitState?.rebuilt === true };
      }),
    );

  return {
    take: async (step: CrashStep): Promise<void> => {
      await quietly(() => act(step));
      await checkAlways(test);
    },
    /** Wallets come back, arkd answers, time passes, and sessions are driven when their rows are due, never otherwise. */
    settleAll: async (): Promise<void> => {
      for (let round = 0; round < 60; round++) {
        const open = [];
        for (const session of sessions) if (!isTerminal(await world.getSession(session.id))) open.push(session);
        if (open.length === 0) return;
        for (const session of open) {
          await quietly(() => answer(session));
          const due = await test.database.select(
            "SELECT 1 FROM signing_sessions WHERE session_id = ? AND next_at <= ?",
            [session.id, world.clock.now()],
          );
          if (due.length > 0) await quietly(() => attemptDrive(test, world, session.id));
          await checkAlways(test);
        }
        world.clock.advance(31_000);
      }
      throw new Error(`sessions do not end: ${JSON.stringify(await statesOf())}`);
    },
    check: async (): Promise<void> => {
      expect(world.arkd.totalSats()).toBe(before - lostElsewhere);
      for (const { assetId, amount } of CARRIED) {
        const left = amount * BigInt(USERS.length) - (lostUnits.get(assetId) ?? 0n);
        expect([assetId, world.arkd.totalUnits(assetId)]).toEqual([assetId, left]);
      }
      await checkOutcomes(
        test,
        world,
        sessions.map((each) => each.id),
      );
      await checkBooks(
        test,
        world,
        USERS.map((user) => user.pubkey),
      );
    },
    /** How each session ended, and of which asset it was. */
    endings: async (): Promise<readonly string[]> =>
      (await statesOf()).map(({ assetId, status, errorCode, isRebuilt }) =>
        [assetId, status, ...(errorCode === undefined ? [] : [errorCode]), ...(isRebuilt ? ["rebuilt"] : [])].join(" "),
      ),
  };
}

/** What a step that opens a session asks for. */
function paramsOf(
  step: Extract<CrashStep, { kind: "open" }>,
  recipient_pubkey: string,
  own: { readonly coin: string; readonly carrier: string },
): Record<string, unknown> {
  const { units, type, strategy } = step;
  const asset_id = units === undefined ? GBTC : "gUSD";
  const amount = units ?? step.amount;
  const named = step.names ? { source_vtxos: [own.coin, ...(units === undefined ? [] : [own.carrier])] } : {};
  switch (type) {
    case "p2p_transfer":
      return { asset_id, amount, recipient_pubkey, dust_policy: step.dustPolicy, ...named };
    case "vtxo_multi_transfer":
      return { asset_id, total_amount: amount, recipient_pubkey, strategy, ...named };
    case "optimal_change":
      return { asset_id, amount_needed: amount, recipient_pubkey, change_threshold: 5_000 };
    case "vtxo_split": {
      const half = Math.max(1, Math.floor(amount / 2));
      const vtxo_id = units === undefined ? own.coin : own.carrier;
      return { asset_id, vtxo_id, split_amounts: [half, Math.max(1, amount - half)] };
    }
  }
}
