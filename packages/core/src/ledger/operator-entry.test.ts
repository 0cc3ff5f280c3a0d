import { thrownBy } from "../testing/thrown-by";
import { parseOperatorEntry } from "./operator-entry";

const parse = (lines: readonly string[], reference = "deposit-2027-01-15") =>
  parseOperatorEntry({ reference, assetId: "gBTC", memo: "from cold storage" }, lines);

it("an entry is what its lines say, signs and all", () => {
  expect(parse(["asset:onchain=+5000", "expense:onchain=20", "equity:operator=-5020"])).toEqual({
    reference: "deposit-2027-01-15",
    memo: "from cold storage",
    postings: [
      { account: "asset:onchain", assetId: "gBTC", amount: 5_000n },
      { account: "expense:onchain", assetId: "gBTC", amount: 20n },
      { account: "equity:operator", assetId: "gBTC", amount: -5_020n },
    ],
  });
});

it.each([
  ["an account that the ledger does not have", ["asset:gold=1", "equity:operator=-1"]],
  ["an amount that is no whole number", ["asset:ln=0.5", "equity:operator=-0.5"]],
  ["lines that do not sum to zero", ["asset:ln=2", "equity:operator=-1"]],
  ["a single line", ["asset:ln=0"]],
  ["no line", []],
])("refuses %s", (_name, lines) => {
  expect(thrownBy(() => parse(lines))).toMatchObject({ code: "invalid_request" });
});

it("refuses a reference that could not be found again", () => {
  const lines = ["asset:ln=1", "equity:operator=-1"];
  expect(thrownBy(() => parse(lines, "two words"))).toMatchObject({ code: "invalid_request" });
});
