import { INTENT_TYPE_OF_SESSION } from "@arkrelay/core/nostr/intent-types";
import { INTENT_KIND } from "@arkrelay/core/nostr/kinds";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { SESSION_TYPES, type Session } from "@arkrelay/core/session/session";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { FirstCoins } from "./ceremony-random-world";
import type { StepOf } from "./ceremony-steps";
import type { OwnedSession } from "./ceremony-wallets";
import { solverCaller, type CeremonyWorld } from "./ceremony-world";

export const OUTSIDER = testKey("outsider");

/** Sessions that users of a run open, over HTTP and over relays that hold back, mix up and repeat. */
export function createRandomSessions(
  world: CeremonyWorld,
  users: readonly TestKey[],
  coins: readonly FirstCoins[],
  happened: string[],
) {
  const sessions: OwnedSession[] = [];
  /** What relays have: every event that was ever signed, and those that the gateway has not seen. */
  const events: NostrEvent[] = [];
  const held = new Set<NostrEvent>();
  let operations = 0;

  const userOf = (index: number): TestKey => users[index] ?? OUTSIDER;
  const authorOf = (event: NostrEvent): TestKey | undefined => users.find(({ pubkey }) => pubkey === event.pubkey);
  const inSeconds = (seconds: number): number => Math.floor(world.clock.now().getTime() / 1000) + seconds;
  const remember = ({ sessionId, userPubkey }: Session): void => {
    const user = users.find(({ pubkey }) => pubkey === userPubkey);
    if (user !== undefined && !sessions.some(({ id }) => id === sessionId)) sessions.push({ id: sessionId, user });
  };
  const wishOf = (step: StepOf<"open" | "intent">): Record<string, unknown> => {
    const recipient = step.to === step.user ? OUTSIDER : userOf(step.to);
    const coin = coins[step.user]?.coin ?? "";
    return paramsOf(step, recipient.pubkey, { coin, carrier: coins[step.user]?.carriers[step.asset] ?? coin });
  };
  const deliver = async (event: NostrEvent): Promise<void> => {
    if (!held.delete(event)) happened.push("event again");
    else if (events.indexOf(event) < events.length - 1) happened.push("event late");
    await world.process(event);
    const listed = await world.deps.sessions.list({ userPubkey: event.pubkey }, 100, undefined);
    for (const session of listed) remember(session);
  };
  const publish = async (event: NostrEvent, isHeld: boolean): Promise<void> => {
    events.push(event);
    held.add(event);
    if (!isHeld) await deliver(event);
  };
  const anyEvent = (index: number): NostrEvent | undefined => events[index % Math.max(events.length, 1)];

  return {
    sessions,
    remember,
    publish,
    open: async (step: StepOf<"open">): Promise<void> => {
      const caller = step.proven ? {} : { caller: solverCaller("solver") };
      const extra = { sessionType: step.type, autoStart: step.autoStart, ...caller };
      remember((await world.open(userOf(step.user), { params: wishOf(step) }, extra)).session);
    },
    takeIntent: (step: StepOf<"intent">): Promise<void> => {
      const event = world.intentEvent(userOf(step.user), {
        action_id: `nostr-action-${step.action}`,
        type: INTENT_TYPE_OF_SESSION[step.type],
        params: { ...wishOf(step), fee_asset_id: GBTC, fee_amount: 10 },
        expires_at: inSeconds(step.lifeSeconds),
      });
      return publish(event, step.isHeld);
    },
    deliver: async ({ event: index }: StepOf<"deliver">): Promise<void> => {
      const event = anyEvent(index);
      if (event !== undefined) await deliver(event);
    },
    /** What relays still held back comes at last, the newest first. */
    deliverHeld: (quietly: (act: () => Promise<unknown>) => Promise<unknown>): Promise<unknown> =>
      [...held]
        .toReversed()
        .reduce<Promise<unknown>>(
          (before, event) => before.then(() => quietly(() => deliver(event))),
          Promise.resolve(),
        ),
    /** Somebody else brings a signed intent over HTTP. */
    bring: async ({ event: index }: StepOf<"bring">): Promise<void> => {
      const intentEvent = anyEvent(index);
      const user = intentEvent && authorOf(intentEvent);
      if (intentEvent?.kind !== INTENT_KIND || user === undefined) return;
      const { type } = JSON.parse(intentEvent.content) as { readonly type: string };
      const sessionType = SESSION_TYPES.find((each) => each !== "protocol_op" && INTENT_TYPE_OF_SESSION[each] === type);
      if (sessionType === undefined) return;
      remember((await world.open(user, {}, { sessionType, caller: solverCaller("solver"), intentEvent })).session);
    },
    openOperation: async (step: StepOf<"protocol_op">): Promise<void> => {
      const user = userOf(step.user);
      const intentEvent = world.intentEvent(user, {
        action_id: `amm-action-${operations++}`,
        type: "amm:swap",
        params: { pool_id: "gUSD-gBTC", in_amount: 100 },
        expires_at: inSeconds(600),
      });
      const extra = { sessionType: "protocol_op" as const, caller: solverCaller("amm"), intentEvent };
      remember((await world.open(user, {}, extra)).session);
    },
    renew: async ({ user, coin }: StepOf<"renew">): Promise<void> => {
      const params = { vtxo_ids: [coins[user]?.all[coin] ?? ""] };
      remember((await world.open(userOf(user), { type: "vtxo:renew", params })).session);
    },
  };
}

/** What a step that opens a session asks for. */
function paramsOf(
  step: StepOf<"open" | "intent">,
  recipient_pubkey: string,
  own: { readonly coin: string; readonly carrier: string },
): Record<string, unknown> {
  const { asset: asset_id, type, strategy } = step;
  const isSats = asset_id === GBTC;
  const amount = isSats ? step.sats : step.units;
  const named = step.names ? { source_vtxos: [own.coin, ...(isSats ? [] : [own.carrier])] } : {};
  switch (type) {
    case "p2p_transfer":
      return { asset_id, amount, recipient_pubkey, dust_policy: step.dustPolicy, ...named };
    case "vtxo_multi_transfer":
      return { asset_id, total_amount: amount, recipient_pubkey, strategy, ...named };
    case "optimal_change":
      return { asset_id, amount_needed: amount, recipient_pubkey, change_threshold: 5_000 };
    case "vtxo_split": {
      const half = Math.max(1, Math.floor(amount / 2));
      const split_amounts = [half, Math.max(1, amount - half)];
      return { asset_id, vtxo_id: isSats ? own.coin : own.carrier, split_amounts };
    }
  }
}
