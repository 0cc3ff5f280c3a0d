import type { DaemonName } from "./daemon-manager";
import { RestartWatcher } from "./restart-watcher";

const asked = new Map<string, number>();
const reconnected: string[] = [];
const confirmed: number[] = [];
const broken = new Set<string>();

function start(names: readonly DaemonName[] = ["arkd", "lnd"]): RestartWatcher {
  return new RestartWatcher({
    daemons: {
      names,
      reconnect: (name) => {
        reconnected.push(name);
        return broken.has(name) ? Promise.reject(new Error("ENOENT")) : Promise.resolve(undefined);
      },
    },
    listRestarts: () => Promise.resolve(new Map(asked)),
    confirm: (restartSeen) => {
      confirmed.push(restartSeen);
      return Promise.resolve();
    },
    log: { info: () => undefined, warn: () => undefined },
  });
}

beforeEach(() => {
  asked.clear();
  broken.clear();
  reconnected.length = confirmed.length = 0;
});

test("a request is obeyed once and confirmed", async () => {
  const watcher = start();
  await watcher.look();
  asked.set("lnd", 1);
  await watcher.look();
  await watcher.look();
  expect([reconnected, confirmed, watcher.restartSeen]).toEqual([["lnd"], [1], 1]);
});

test("a new process confirms what was asked before it dialled, without dialling again", async () => {
  asked.set("lnd", 3);
  await start().look();
  expect([reconnected, confirmed]).toEqual([[], [3]]);
});

test("a request for a daemon that is not configured here is confirmed", async () => {
  const watcher = start(["arkd"]);
  await watcher.look();
  asked.set("lnd", 1);
  await watcher.look();
  expect([reconnected, confirmed]).toEqual([[], [1]]);
});

test("one that cannot be obeyed is tried again, holds up no other, and is not confirmed by a newer one", async () => {
  const watcher = start();
  await watcher.look();
  asked.set("lnd", 2).set("arkd", 3);
  broken.add("lnd");
  await watcher.look();
  expect([reconnected, confirmed]).toEqual([["lnd", "arkd"], [1]]);
  broken.clear();
  await watcher.look();
  expect([reconnected, confirmed]).toEqual([
    ["lnd", "arkd", "lnd"],
    [1, 3],
  ]);
});

test("what could not be confirmed is confirmed by the next look", async () => {
  let isAway = true;
  const watcher = new RestartWatcher({
    daemons: { names: [], reconnect: () => Promise.resolve(undefined) },
    listRestarts: () => Promise.resolve(new Map([["lnd", 1]])),
    confirm: () => (isAway ? Promise.reject(new Error("no database")) : Promise.resolve()),
    log: { info: () => undefined, warn: () => undefined },
  });
  await expect(watcher.look()).rejects.toThrow("no database");
  isAway = false;
  await watcher.look();
  expect(watcher.restartSeen).toBe(1);
});
