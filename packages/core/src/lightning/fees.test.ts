import { lightningFee, unusedSubsidySats, wantedSubsidySats } from "./fees";

const config = { landFeeBps: 10n, landRoutingFeeFloorSats: 5n, landRoutingFeeMaxBps: 50n };

it.each([
  [1n, 1n],
  [999n, 1n],
  [1_000n, 1n],
  [1_001n, 2n],
  [50_000n, 50n],
  [50_001n, 51n],
])("takes 0.1 per cent of a land of %s, rounded up and at least 1: %s", (amount, fee) => {
  expect(lightningFee(config, "land", amount)).toMatchObject({ baseFeeUnits: fee, totalUnits: amount + fee });
});

it("takes nothing for a lift of sats, and the carrier's price for one of an asset", () => {
  expect(lightningFee(config, "lift", 50_000n)).toMatchObject({ totalFeeUnits: 0n, totalUnits: 50_000n });
  expect(lightningFee(config, "lift", 700n, 30n)).toMatchObject({ totalFeeUnits: 30n, totalUnits: 730n });
});

it.each([
  // fee 1, floor 5, share 5
  ["the floor", 1_000n, 1n, 4n],
  // fee 100, floor 5, share 500
  ["the share of the amount", 100_000n, 100n, 400n],
  // a fee above both asks for no subsidy
  ["the fee", 100_000n, 900n, 0n],
])("limits routing by the largest of fee, floor and share: %s", (_name, amountSats, feeSats, subsidy) => {
  expect(wantedSubsidySats(config, { amountSats, feeSats })).toBe(subsidy);
});

it.each([
  [0n, 400n],
  [100_000n, 400n],
  [100_001n, 399n],
  [500_000n, 0n],
  [900_000n, 0n],
])("gives back what a routing cost of %s msat left of 400 sats above a fee of 100: %s", (costMsat, unused) => {
  expect(unusedSubsidySats({ feeSats: 100n, subsidySats: 400n }, costMsat)).toBe(unused);
});
