import { readFileSync } from "node:fs";
import { join } from "node:path";

import { PAYOUT_TRANSITIONS } from "../payout/payout";
import { thrownBy } from "../testing/thrown-by";
import { assertLightningMove, LAND_TRANSITIONS, LIFT_TRANSITIONS } from "./lightning-machine";
import type { LandStatus, LiftStatus } from "./lightning-operation";

type Table = Readonly<Record<string, readonly string[]>>;

const MACHINES: readonly (readonly [string, Table])[] = [
  ["lift", LIFT_TRANSITIONS],
  ["land", LAND_TRANSITIONS],
  ["payout", PAYOUT_TRANSITIONS],
];

/** Edges of the mermaid drawing: `  a --> b`. */
function drawn(name: string): string[] {
  const page = readFileSync(join(__dirname, "../../../../docs/states", `${name}.md`), "utf8");
  return [...page.matchAll(/^ {2,}([a-z_]+) --> ([a-z_]+)/gm)].map(([, from, to]) => `${from} -> ${to}`).toSorted();
}

describe.each(MACHINES)("the %s machine", (name, table) => {
  it("is drawn in docs/states as it is", () => {
    const edges = Object.entries(table).flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`));
    expect(drawn(name)).toEqual(edges.toSorted());
  });

  it("names only states it knows", () => {
    for (const to of Object.values(table).flat()) expect(Object.keys(table)).toContain(to);
  });
});

describe.each([
  ["lift", LIFT_TRANSITIONS as Table],
  ["land", LAND_TRANSITIONS as Table],
] as const)("a %s", (type, table) => {
  const states = Object.keys(table) as (LiftStatus | LandStatus)[];

  it.each(states.flatMap((from) => states.map((to) => [from, to] as const)))(
    "moves %s -> %s only when the table lists it",
    (from, to) => {
      const isAllowed = from === to || (table[from] ?? []).includes(to);
      const move = (): void => assertLightningMove(type, from, to);
      if (isAllowed) return move();
      expect(thrownBy(move)).toMatchObject({ code: "wrong_state", details: { status: from, allowed: table[from] } });
    },
  );
});

/** Every state that a machine can still reach. */
function reachable(table: Table, from: string, seen = new Set<string>()): ReadonlySet<string> {
  for (const next of table[from] ?? []) {
    if (!seen.has(next)) reachable(table, next, seen.add(next));
  }
  return seen;
}

it("never takes a delivered lift back", () => {
  expect([...reachable(LIFT_TRANSITIONS, "delivered")].toSorted()).toEqual(["lost", "paid"]);
});

it("never pays a land after it has failed, and never refunds one that was paid", () => {
  expect([...reachable(LAND_TRANSITIONS, "failed")].toSorted()).toEqual(["refunded", "refunding"]);
  expect([...reachable(LAND_TRANSITIONS, "paid")]).toEqual([]);
});
