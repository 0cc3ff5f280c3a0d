import fc from "fast-check";

import { thrownBy } from "../testing/thrown-by";
import { netLegs, type MemberLegs } from "./net-legs";

const leg = (assetId: string, amount: bigint) => ({ assetId, amount });
const exact = (assetId: string, amount: bigint) => ({ ...leg(assetId, amount), isMinimum: false });
const least = (assetId: string, amount: bigint) => ({ ...leg(assetId, amount), isMinimum: true });

const SELLER: MemberLegs = {
  actionId: "seller-01",
  params: { give: [leg("gUSD", 100n)], receive: [least("gBTC", 20_000n)] },
};
const buyer = (sats: bigint): MemberLegs => ({
  actionId: "buyer-001",
  params: { give: [leg("gBTC", sats)], receive: [exact("gUSD", 100n)] },
});
const allocate = (amount: bigint, actionId = "seller-01", assetId = "gBTC") => [
  { actionId, receive: [leg(assetId, amount)] },
];

it("gives a member its exact legs, and of a minimum what is allocated", () => {
  expect(netLegs([SELLER, buyer(21_000n)], allocate(21_000n))).toEqual([[leg("gBTC", 21_000n)], [leg("gUSD", 100n)]]);
  expect(netLegs([SELLER, buyer(20_000n)], [])).toEqual([[leg("gBTC", 20_000n)], [leg("gUSD", 100n)]]);
});

it.each([
  ["below the intent's minimum", buyer(19_999n), allocate(19_999n), "allocation_below_intent"],
  [
    "of an asset that the intent does not ask for",
    buyer(20_000n),
    allocate(1n, "seller-01", "gEUR"),
    "allocation_not_asked",
  ],
  ["to an action that is not in the batch", buyer(20_000n), allocate(1n, "nobody-01"), "allocation_of_nobody"],
  ["other than an exact leg", buyer(20_000n), allocate(99n, "buyer-001", "gUSD"), "allocation_below_intent"],
  ["that nobody gives", buyer(20_000n), allocate(20_001n), "netting"],
])("refuses an allocation %s", (_case, other, allocations, reason) => {
  expect(thrownBy(() => netLegs([SELLER, other], allocations))).toMatchObject({
    code: "batch_invalid",
    details: { reason },
  });
});

const amounts = fc.record({
  give: fc.dictionary(fc.constantFrom("gBTC", "gUSD", "gEUR"), fc.bigInt({ min: 1n, max: 1_000n }), { minKeys: 1 }),
  receive: fc.dictionary(fc.constantFrom("gBTC", "gUSD", "gEUR"), fc.bigInt({ min: 1n, max: 1_000n }), { minKeys: 1 }),
});

it("lets a batch pass exactly when of every asset as much is received as is given", () => {
  fc.assert(
    fc.property(fc.array(amounts, { minLength: 2, maxLength: 4 }), fc.boolean(), (sides, isClosed) => {
      const members = sides.map(({ give, receive }, index) => ({
        actionId: `action-${index}`,
        params: {
          give: Object.entries(give).map(([assetId, amount]) => leg(assetId, amount)),
          receive: Object.entries(receive).map(([assetId, amount]) => exact(assetId, amount)),
        },
      }));
      // A last member that takes what is left over, and gives what is missing.
      const deltaOf = (assetId: string): bigint =>
        sides.reduce((sum, side) => sum + (side.give[assetId] ?? 0n) - (side.receive[assetId] ?? 0n), 0n);
      const deltas = ["gBTC", "gUSD", "gEUR"].map((assetId) => ({ assetId, amount: deltaOf(assetId) }));
      const closing = {
        actionId: "closing-1",
        params: {
          give: deltas.flatMap(({ assetId, amount }) => (amount < 0n ? [leg(assetId, -amount)] : [])),
          receive: deltas.flatMap(({ assetId, amount }) => (amount > 0n ? [exact(assetId, amount)] : [])),
        },
      };
      const nets = isClosed || deltas.every(({ amount }) => amount === 0n);
      const all = isClosed ? [...members, closing] : members;
      if (nets) expect(netLegs(all, [])).toHaveLength(all.length);
      else expect(thrownBy(() => netLegs(all, []))).toMatchObject({ details: { reason: "netting" } });
    }),
  );
});
