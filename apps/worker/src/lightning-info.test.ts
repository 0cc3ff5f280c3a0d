import type { LightningFacts } from "@arkrelay/core/session/session-deps";
import { InMemoryLightningNode } from "@arkrelay/core/testing/in-memory-lightning-node";
import { ManualClock } from "@arkrelay/core/testing/manual-clock";

import { LightningInfo } from "./lightning-info";

const clock = new ManualClock(1_800_000_000_000);
let lnd: InMemoryLightningNode;
let saved: LightningFacts[];
let info: LightningInfo;

beforeEach(() => {
  lnd = new InMemoryLightningNode(clock);
  saved = [];
  info = new LightningInfo(lnd, { save: async (facts) => void saved.push(facts) }, clock);
});

it("tells what it heard last and wrote down, without asking again", async () => {
  await info.refresh();
  lnd.fault = () => "unavailable";
  const facts = { nodePubkey: lnd.nodePubkey, localMsat: lnd.localMsat };
  expect(await info.current()).toEqual(facts);
  expect(saved).toEqual([facts]);
});

it("makes work wait before lnd was heard of, and once it has not been for a minute", async () => {
  await expect(info.current()).rejects.toMatchObject({ code: "daemon_unavailable" });
  await info.refresh();
  clock.advance(60_000);
  await expect(info.current()).rejects.toMatchObject({ code: "daemon_unavailable" });
});

it("says that there is no node where none is configured", async () => {
  const none = new LightningInfo(undefined, { save: async () => undefined }, clock);
  await none.refresh();
  await expect(none.current()).rejects.toMatchObject({ code: "feature_disabled" });
});
