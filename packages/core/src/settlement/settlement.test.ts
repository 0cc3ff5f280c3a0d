import { readFileSync } from "node:fs";
import { join } from "node:path";

import { batchIdOfMove, moveIdOf, SETTLEMENT_TRANSITIONS } from "./settlement";

/** Edges of the mermaid drawing: `  a --> b`. */
function drawn(): string[] {
  const page = readFileSync(join(__dirname, "../../../../docs/states/settlement.md"), "utf8");
  return [...page.matchAll(/^ {2,}([a-z_]+) --> ([a-z_]+)/gm)].map(([, from, to]) => `${from} -> ${to}`).toSorted();
}

describe("the settlement machine", () => {
  it("is drawn in docs/states as it is", () => {
    const edges = Object.entries(SETTLEMENT_TRANSITIONS).flatMap(([from, targets]) =>
      targets.map((to) => `${from} -> ${to}`),
    );
    expect(drawn()).toEqual(edges.toSorted());
  });

  it("never takes a batch back that arkd has made final", () => {
    expect(SETTLEMENT_TRANSITIONS.committed).toEqual(["confirmed"]);
    for (const last of ["confirmed", "renewed", "failed"] as const) expect(SETTLEMENT_TRANSITIONS[last]).toEqual([]);
  });
});

it("finds the batch of a move whose own id holds dots or not", () => {
  for (const batchId of ["0f0e-1", "a.b"]) expect(batchIdOfMove(moveIdOf({ batchId }, 12))).toBe(batchId);
});
