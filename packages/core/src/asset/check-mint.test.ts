import type { TwinExposure } from "../ports/asset-supplies";
import { judgeReserve } from "./check-mint";

const NOTHING: TwinExposure = {
  circulatingUnits: 0n,
  payoutUnits: 0n,
  openLandUnits: 0n,
  openRenewalUnits: 0n,
  heldLiftUnits: 0n,
  deliveringUnits: 0n,
  movingUnits: 0n,
  tapdMark: "now",
};

/** The most that may be given away with 100 units at tapd, and with a unit more what the verdict is. */
function judge(exposure: Partial<TwinExposure>, most: bigint) {
  const verdictOn = (units: bigint) =>
    judgeReserve({ ...NOTHING, ...exposure }, { units: 100n, mark: "now" }, { units, reserveUnits: 0n });
  return [verdictOn(most), verdictOn(most + 1n)];
}

describe("what a twin may be given away of", () => {
  it.each([
    ["circulatingUnits", 60n],
    ["payoutUnits", 60n],
    ["openLandUnits", 60n],
    ["openRenewalUnits", 60n],
    // Held for others, who are owed the same again.
    ["heldLiftUnits", 100n],
    ["deliveringUnits", 140n],
  ] as const)("is judged with 40 units of %s", (part, most) => {
    expect(judge({ [part]: 40n }, most)).toEqual(["covered", "short"]);
  });

  it("is put off, not refused, as far as it hangs on units that are under way", () => {
    expect(judge({ movingUnits: 40n }, 100n)).toEqual(["covered", "moving"]);
    expect(judge({ movingUnits: 40n }, 140n)).toEqual(["moving", "short"]);
  });

  it("is never judged by a reading of another moment", () => {
    expect(judge({ tapdMark: "then" }, 1n)).toEqual(["moving", "moving"]);
    expect(judge({ tapdMark: "then" }, 1_000n)).toEqual(["moving", "moving"]);
  });
});
