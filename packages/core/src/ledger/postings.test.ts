import fc from "fast-check";

import type { Posting } from "../ports/ledger-store";
import { thrownBy } from "../testing/thrown-by";
import { GBTC } from "../vtxo/vtxo";
import {
  balanced,
  channelClosedPostings,
  forwardPostings,
  frozenPostings,
  l2FeePostings,
  landPaidPostings,
  landReceivedPostings,
  landRefundedPostings,
  liftDeliveredPostings,
  liftLostPostings,
  liftPaidPostings,
  reversed,
  vtxoUnsolicitedPostings,
} from "./postings";

const sats = fc.bigInt({ min: 0n, max: 21_000_000n * 100_000_000n });
const msat = fc.bigInt({ min: 0n, max: 10_000_000n });

/** What happens to the gateway's things, told without double entry: what it holds, msat. */
interface Holdings {
  ark: bigint;
  ln: bigint;
}

interface Event {
  readonly postings: readonly Posting[];
  readonly change: (holdings: Holdings) => void;
}

const MSAT = 1_000n;

/** Each operation with all its events in order, as they may end. */
const lift = fc
  .record({ amount: sats, excess: msat, isLost: fc.boolean() })
  .map(({ amount, excess, isLost }): readonly Event[] => [
    { postings: liftDeliveredPostings(amount), change: (held) => void (held.ark -= amount * MSAT) },
    isLost
      ? { postings: liftLostPostings(amount), change: () => undefined }
      : {
          postings: liftPaidPostings(amount, amount * MSAT + excess),
          change: (held) => void (held.ln += amount * MSAT + excess),
        },
  ]);

const land = fc
  .record({ amount: sats, fee: sats, excess: sats, routing: msat, isRefunded: fc.boolean() })
  .map(({ amount, fee, excess, routing, isRefunded }): readonly Event[] => [
    {
      postings: landReceivedPostings(amount, fee, excess),
      change: (held) => void (held.ark += (amount + fee + excess) * MSAT),
    },
    isRefunded
      ? {
          postings: landRefundedPostings(amount, fee, excess),
          change: (held) => void (held.ark -= (amount + fee + excess) * MSAT),
        }
      : { postings: landPaidPostings(amount, routing), change: (held) => void (held.ln -= amount * MSAT + routing) },
  ]);

const others = fc.oneof(
  sats.map((fee): readonly Event[] => [
    { postings: l2FeePostings(fee), change: (held) => void (held.ark += fee * MSAT) },
  ]),
  fc
    .tuple(sats, sats)
    .map(([worth, came]): readonly Event[] => [
      { postings: channelClosedPostings(worth, came), change: (held) => void (held.ln -= worth * MSAT) },
    ]),
  fc.record({ input: sats, isFinal: fc.boolean() }).map(({ input, isFinal }): readonly Event[] => {
    const frozen = { postings: frozenPostings(input), change: (held: Holdings) => void (held.ark -= input * MSAT) };
    const thawed = {
      postings: reversed(frozen.postings),
      change: (held: Holdings) => void (held.ark += input * MSAT),
    };
    return isFinal ? [frozen, thawed] : [frozen];
  }),
  msat.map((fee): readonly Event[] => [{ postings: forwardPostings(fee), change: (held) => void (held.ln += fee) }]),
  sats.map((amount): readonly Event[] => [
    { postings: vtxoUnsolicitedPostings(amount), change: (held) => void (held.ark += amount * MSAT) },
  ]),
);

const sumOf = (postings: readonly Posting[]) => postings.reduce((sum, each) => sum + each.amount, 0n);
const balanceOf = (postings: readonly Posting[], account: string) =>
  sumOf(postings.filter((each) => each.account === account));

/** Deals the operations' events out in any order that keeps each operation's own. */
function interleave(operations: readonly (readonly Event[])[], choices: readonly number[]): readonly Event[] {
  const rest = operations.map((events) => [...events]);
  const dealt: Event[] = [];
  for (let turn = 0; ; turn++) {
    const open = rest.filter((events) => events.length > 0);
    if (open.length === 0) return dealt;
    const next = open[(choices[turn % choices.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) dealt.push(next);
  }
}

it("every sequence of lifts, lands, fees and gifts sums to zero at each moment, and the asset accounts are what the gateway holds", () => {
  const operations = fc.array(fc.oneof(lift, land, others), { maxLength: 20 });
  const choices = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(operations, choices, (all, order) => {
      const holdings: Holdings = { ark: 0n, ln: 0n };
      const posted: Posting[] = [];
      for (const event of interleave(all, order)) {
        event.change(holdings);
        posted.push(...event.postings);
        expect(sumOf(event.postings)).toBe(0n);
        expect(balanceOf(posted, "asset:ark")).toBe(holdings.ark);
        expect(balanceOf(posted, "asset:ln")).toBe(holdings.ln);
      }
      // Every operation has ended: nobody owes for it any more.
      expect(balanceOf(posted, "receivable:lift")).toBe(0n);
      expect(balanceOf(posted, "liability:land")).toBe(0n);
    }),
  );
});

it("a refund undoes exactly what the land's receipt booked, its fee included", () => {
  const both = [...landReceivedPostings(1_000n, 1n, 200n), ...landRefundedPostings(1_000n, 1n, 200n)];
  for (const { account } of both) expect(balanceOf(both, account)).toBe(0n);
});

it("what is paid above a lift's amount is owed, not earned", () => {
  expect(liftPaidPostings(50n, 50_001n)).toContainEqual({
    account: "liability:overpaid",
    assetId: GBTC,
    amount: -1n,
  });
  expect(thrownBy(() => liftPaidPostings(50n, 49_999n))).toMatchObject({
    internal: expect.stringContaining("was paid 49999 msat"),
  });
});

it("postings that are not zero for each asset on its own are refused", () => {
  const crossed: readonly Posting[] = [
    { account: "asset:ark", assetId: GBTC, amount: 1n },
    { account: "equity:operator", assetId: "gUSD", amount: -1n },
  ];
  expect(thrownBy(() => balanced(crossed))).toMatchObject({ internal: expect.stringContaining("sum to 1") });
});
