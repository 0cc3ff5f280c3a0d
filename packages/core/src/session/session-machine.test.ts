import { readFileSync } from "node:fs";
import { join } from "node:path";

import { SWAP_BATCH_TRANSITIONS, canMoveBatch } from "../swap/swap-batch";
import { thrownBy } from "../testing/thrown-by";
import { CHALLENGE_TRANSITIONS } from "./challenge";
import {
  assertMove,
  canMoveCeremony,
  canMoveSession,
  CEREMONY_TRANSITIONS,
  SESSION_TRANSITIONS,
  WITHOUT_ARKD,
} from "./session-machine";

type Table = Readonly<Record<string, readonly string[]>>;

const MACHINES: readonly (readonly [string, Table])[] = [
  ["session", SESSION_TRANSITIONS],
  ["ceremony", CEREMONY_TRANSITIONS],
  ["challenge", CHALLENGE_TRANSITIONS],
  ["batch", SWAP_BATCH_TRANSITIONS],
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

const pairs = (table: Table) =>
  Object.keys(table).flatMap((from) => Object.keys(table).map((to) => [from, to] as const));

it.each(pairs(SESSION_TRANSITIONS))("a session %s -> %s moves only when the table lists it", (from, to) => {
  const states = SESSION_TRANSITIONS as Table;
  const allowed = from === to || (states[from] ?? []).includes(to);
  const move = canMoveSession as (a: string, b: string) => boolean;
  expect(move(from, to)).toBe(allowed);
});

it.each(pairs(SWAP_BATCH_TRANSITIONS))("a batch %s -> %s moves only when the table lists it", (from, to) => {
  const states = SWAP_BATCH_TRANSITIONS as Table;
  const allowed = from === to || (states[from] ?? []).includes(to);
  const move = canMoveBatch as (a: string, b: string) => boolean;
  expect(move(from, to)).toBe(allowed);
});

it.each(pairs(CEREMONY_TRANSITIONS))("a ceremony %s -> %s moves only when the table lists it", (from, to) => {
  const states = CEREMONY_TRANSITIONS as Table;
  const allowed = from === to || (states[from] ?? []).includes(to);
  const move = canMoveCeremony as (a: string, b: string) => boolean;
  expect(move(from, to)).toBe(allowed);
});

it("never leads from accepted back to a state before it, or to a failure", () => {
  const reachable = new Set<string>();
  const visit = (state: keyof typeof CEREMONY_TRANSITIONS): void => {
    for (const next of CEREMONY_TRANSITIONS[state]) {
      if (reachable.has(next)) continue;
      reachable.add(next);
      visit(next);
    }
  };
  visit("accepted");
  expect([...reachable]).toEqual(["checkpoint_sigs_collected", "finalizing", "finalized", "published"]);
});

it("takes a session over a payload through the states of both machines, from its answer to its end", () => {
  const answered = { status: "awaiting_signature", ceremonyState: "ark_tx_prepared" } as const;
  const way = [answered, ...WITHOUT_ARKD, { status: "completed", ceremonyState: "published" } as const];
  for (const [index, to] of way.slice(1).entries()) {
    const from = way[index] ?? answered;
    expect(canMoveSession(from.status, to.status)).toBe(true);
    expect(CEREMONY_TRANSITIONS[from.ceremonyState]).toContain(to.ceremonyState);
  }
});

it("says which states would have been allowed when it refuses", () => {
  const refused = thrownBy(() => assertMove({ status: "completed", ceremonyState: "published" }, { status: "failed" }));
  expect(refused).toMatchObject({ code: "wrong_state", details: { status: "completed", allowed: [] } });
});
