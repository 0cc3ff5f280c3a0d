import { fromStoredOutputs, toStoredOutputs } from "./stored-output";

const OUTPUTS = [
  { vout: 0, amountSats: 2n ** 60n, assets: [{ assetId: `${"aa".repeat(32)}0000`, amount: 2n ** 64n - 1n }] },
  { vout: 1, amountSats: 330n },
];

it("keeps amounts above 2^53, with assets and without", () => {
  expect(fromStoredOutputs(JSON.parse(toStoredOutputs(OUTPUTS)))).toEqual(OUTPUTS);
});

it("reads what was stored before outputs carried assets", () => {
  expect(fromStoredOutputs(JSON.parse('[{"vout":0,"amountSats":"330"}]'))).toEqual([{ vout: 0, amountSats: 330n }]);
});
