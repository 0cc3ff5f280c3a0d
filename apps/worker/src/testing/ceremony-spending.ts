import type { Session, SessionIntent, SwapLeg } from "@arkrelay/core/session/session";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { Ended } from "./ceremony-checks";
import type { CeremonyWorld } from "./ceremony-world";
import { isOwnedByAny, minus, of, plus, sumOf, type Holdings } from "./holdings";

/** Dust that a sender gives to its recipient rather than have it as change. */
const DUST_GIVEN_MAX = 329n;

/**
 * No transaction took more from a user than its own intent says, nor gave it less; who did not sign lost nothing; what a renewal took came
 * back whole.
 */
export async function checkSpending(test: TestDatabase, world: CeremonyWorld, ended: Ended): Promise<void> {
  const rows = await test.database.select("SELECT txid, session_id FROM transactions WHERE status = 'confirmed'");
  const sessionOf = new Map(rows.map((row) => [String(row["txid"]), String(row["session_id"])]));
  const owed = new Map<string, Holdings>();
  for (const [txid, { inputs, outputs }] of finalTransactions(world)) {
    const head = ended.sessions.find(({ sessionId }) => sessionId === sessionOf.get(txid));
    const signers = ended.sessions.filter((each) => each === head || (head !== undefined && each.headId === head.id));
    for (const user of ended.users) {
      const own = (vtxos: typeof inputs) => sumOf(vtxos.filter((vtxo) => isOwnedByAny(world.arkd, vtxo, [user])));
      const change = minus(own(outputs), own(inputs));
      const signed = signers.find(({ userPubkey }) => userPubkey === user);
      if (head === undefined || signed?.intent.type === "vtxo_renew") {
        owed.set(user, plus(owed.get(user) ?? new Map(), change));
      }
      if (signed === undefined) expect([...change.values()].filter((amount) => amount < 0n)).toEqual([]);
      else checkChange(signed, change, sumOf(inputs.filter((vtxo) => isOwnedByAny(world.arkd, vtxo, [user]))));
    }
  }
  for (const user of ended.users) expect([user, ...(owed.get(user) ?? [])]).toEqual([user]);
}

/** By txid, what went into each transaction that is final, and what came out of it. */
function finalTransactions({ arkd }: CeremonyWorld) {
  const all = [...arkd.vtxos.values()];
  const txids = new Set(all.filter(({ txid }) => all.some(({ spentBy }) => spentBy === txid)).map(({ txid }) => txid));
  return [...txids].map(
    (txid) =>
      [
        txid,
        { inputs: all.filter(({ spentBy }) => spentBy === txid), outputs: all.filter((vtxo) => vtxo.txid === txid) },
      ] as const,
  );
}

function checkChange({ intent }: Session, change: Holdings, inputs: Holdings): void {
  expect(intent.type).not.toBe("protocol_op");
  if (intent.type === "protocol_op") return;
  // All of what was named goes in, and comes back in another transaction, which takes nothing.
  if (intent.type === "vtxo_renew")
    return expect(inputs.size === 0 ? new Map() : plus(change, inputs)).toEqual(new Map());
  const expected = expectedChange(intent);
  const given = minus(expected, change);
  const most = mayGiveMore(intent);
  expect({ type: intent.type, given: [...given].filter(([id]) => id !== GBTC) }).toEqual({
    type: intent.type,
    given: [],
  });
  expect(of(given, GBTC)).toBeGreaterThanOrEqual(0n);
  expect(of(given, GBTC)).toBeLessThanOrEqual(most);
}

type Paying = Exclude<SessionIntent, { readonly type: "protocol_op" | "vtxo_renew" }>;

function expectedChange(intent: Paying): Holdings {
  const fee = new Map([[GBTC, -intent.feeAmount]]);
  if (intent.type === "atomic_swap") {
    return plus(fee, minus(legsOf(intent.receive), legsOf(intent.give)));
  }
  if (intent.type === "vtxo_split") return fee;
  const paid = new Map([[intent.arkAssetId ?? GBTC, intent.amount]]);
  return minus(fee, paid);
}

const legsOf = (legs: readonly SwapLeg[]): Holdings =>
  legs.reduce<Holdings>((sum, { arkAssetId, amount }) => plus(sum, new Map([[arkAssetId ?? GBTC, amount]])), new Map());

/** Sats that go with what is paid: the carrier of units, and dust. */
function mayGiveMore(intent: Paying): bigint {
  if (intent.type === "atomic_swap" || intent.type === "vtxo_split") return 0n;
  const dust = intent.dustPolicy === "to_recipient" ? DUST_GIVEN_MAX : 0n;
  return intent.arkAssetId === undefined ? dust : dust + intent.amountSats;
}
