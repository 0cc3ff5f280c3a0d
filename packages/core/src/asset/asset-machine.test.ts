import { readFileSync } from "node:fs";
import { join } from "node:path";

import { thrownBy } from "../testing/thrown-by";
import { ASSET_EVENTS, ASSET_TRANSITIONS, nextAssetStatus, type AssetEvent } from "./asset-machine";
import type { AssetStatus } from "./registered-asset";

const STATES = Object.keys(ASSET_TRANSITIONS) as AssetStatus[];
const EVENTS = Object.keys(ASSET_EVENTS) as AssetEvent[];
const edges = Object.entries(ASSET_TRANSITIONS).flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`));

it("is drawn in docs/states as it is", () => {
  const page = readFileSync(join(__dirname, "../../../../docs/states/asset.md"), "utf8");
  const drawn = [...page.matchAll(/^ {2,}([a-z_]+) --> ([a-z_]+)/gm)].map(([, from, to]) => `${from} -> ${to}`);
  expect(drawn.toSorted()).toEqual(edges.toSorted());
});

it("has one event for each of its transitions", () => {
  expect(EVENTS.map((event) => `${ASSET_EVENTS[event].from} -> ${ASSET_EVENTS[event].to}`).toSorted()).toEqual(
    edges.toSorted(),
  );
});

it.each(STATES.flatMap((status) => EVENTS.map((event) => [status, event] as const)))(
  "a %s asset takes %s only as the table says",
  (status, event) => {
    const { from, to } = ASSET_EVENTS[event];
    if (status === from || status === to) return expect(nextAssetStatus(status, event)).toBe(to);
    expect(thrownBy(() => nextAssetStatus(status, event))).toMatchObject({
      code: "wrong_state",
      details: { status, allowed: ASSET_TRANSITIONS[status] },
    });
  },
);
