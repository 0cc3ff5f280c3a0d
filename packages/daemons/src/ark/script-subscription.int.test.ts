import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { toAppError } from "@arkrelay/core/errors";
import { until } from "@arkrelay/runtime/testing/until";

import { SILENT_OBSERVER } from "../daemon-observer";
import { GetSubscriptionResponse } from "../gen/ark/v1/indexer";
import { failure, FakeArkd, HOLD, refusal } from "../testing/fake-arkd";
import { GrpcArkDaemon } from "./grpc-ark-daemon";
import { type ScriptHint, ScriptSubscription, type ScriptSubscriptionTimes } from "./script-subscription";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-subscription-"));
const TIMES: ScriptSubscriptionTimes = { silenceMs: 60_000, retryMs: 1, retryMsMax: 4, reuseMs: 60_000 };

let arkd: FakeArkd;
let daemon: GrpcArkDaemon;
let subscription: ScriptSubscription;
let hints: ScriptHint[];
let reconciled: (readonly string[])[];
let problems: string[];
let reconcile: () => Promise<void>;

function watch(scripts: readonly string[], times: Partial<ScriptSubscriptionTimes> = {}): void {
  subscription = new ScriptSubscription(
    {
      daemon,
      onHint: (hint) => hints.push(hint),
      reconcile: (given) => {
        reconciled.push(given);
        return reconcile();
      },
      onProblem: (problem) => problems.push(toAppError(problem).code),
      jitter: () => 1,
    },
    { ...TIMES, ...times },
  );
  subscription.add(scripts);
  subscription.start();
}

beforeEach(async () => {
  arkd = await FakeArkd.start(folder);
  daemon = new GrpcArkDaemon(arkd.config, { observer: SILENT_OBSERVER, requestId: () => undefined });
  hints = [];
  reconciled = [];
  problems = [];
  reconcile = () => Promise.resolve();
});

afterEach(async () => {
  await subscription.stop();
  daemon.close();
  arkd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function connected(times: number): Promise<void> {
  await until(() => arkd.streams.length >= times && reconciled.length >= times && subscription.isConnected);
}

function send(txid: string): void {
  const event = { txid, scripts: ["a"] };
  arkd.streams.at(-1)?.stream.write(GetSubscriptionResponse.fromPartial({ data: { $case: "event", value: event } }));
}

function sendHeartbeat(): void {
  arkd.streams.at(-1)?.stream.write(GetSubscriptionResponse.fromPartial({ data: { $case: "heartbeat", value: {} } }));
}

const ids = () => arkd.streams.map(({ id }) => id);

test("passes events on as hints and nothing else", async () => {
  watch(["a", "b"]);
  await connected(1);
  sendHeartbeat();
  send("tx 1");
  send("tx 1");
  await until(() => hints.length === 2);
  expect(hints).toEqual([
    { txid: "tx 1", scripts: ["a"] },
    { txid: "tx 1", scripts: ["a"] },
  ]);
  expect(reconciled).toEqual([["a", "b"]]);
});

test("a broken stream is taken up again under the same id, and everything is reconciled again", async () => {
  watch(["a", "b"]);
  await connected(1);
  arkd.streams.at(-1)?.stream.emit("error", failure(status.UNAVAILABLE));
  await connected(2);
  send("tx 2");
  await until(() => hints.length === 1);
  expect(ids()).toEqual(["subscription 1", "subscription 1"]);
  expect(reconciled).toEqual([
    ["a", "b"],
    ["a", "b"],
  ]);
  expect(problems).toEqual(["daemon_unavailable"]);
});

test("an id arkd forgets under an open stream is replaced", async () => {
  watch(["a"]);
  await connected(1);
  arkd.subscriptions.clear();
  arkd.streams.at(-1)?.stream.emit("error", refusal(50, "SUBSCRIPTION_NOT_FOUND", status.NOT_FOUND));
  await connected(2);
  expect(ids()).toEqual(["subscription 1", "subscription 2"]);
  expect(problems).toEqual(["daemon_rejected"]);
});

test("an id that got lost while the stream was down is replaced, with all scripts", async () => {
  watch(["a", "b"]);
  await connected(1);
  arkd.subscriptions.clear();
  arkd.streams.at(-1)?.stream.emit("error", failure(status.UNAVAILABLE));
  await connected(2);
  expect(ids()).toEqual(["subscription 1", "subscription 2"]);
  expect(arkd.subscriptions.get("subscription 2")).toEqual(new Set(["a", "b"]));
  expect(reconciled).toHaveLength(2);
});

test("an id unused for too long is not tried again", async () => {
  watch(["a"], { reuseMs: 0 });
  await connected(1);
  arkd.streams.at(-1)?.stream.emit("error", failure(status.UNAVAILABLE));
  await connected(2);
  expect(ids()).toEqual(["subscription 1", "subscription 2"]);
});

test("a stream displaced by another one gets an id of its own instead of fighting for it", async () => {
  watch(["a"]);
  await connected(1);
  arkd.streams.at(-1)?.stream.end();
  await connected(2);
  expect(ids()).toEqual(["subscription 1", "subscription 2"]);
  expect(reconciled).toHaveLength(2);
});

test("silence is a dead connection", async () => {
  watch(["a"], { silenceMs: 50 });
  await until(() => arkd.streams.length >= 2 && reconciled.length >= 2);
  expect(new Set(ids())).toEqual(new Set(["subscription 1"]));
});

test("a reconcile that fails is repeated with a new connection", async () => {
  const failures = [failure(status.INTERNAL)];
  reconcile = () => {
    const error = failures.pop();
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  watch(["a"]);
  // The first connection may be given up before arkd has seen its stream.
  await until(() => reconciled.length >= 2 && subscription.isConnected);
  expect(problems).toEqual(["internal_error"]);
});

test("arkd's restart is survived", async () => {
  watch(["a"]);
  await connected(1);
  arkd.stop();
  await until(() => !subscription.isConnected);
  arkd.subscriptions.clear();
  await arkd.listen();
  await connected(2);
  send("tx 3");
  await until(() => hints.length === 1);
});

test("moves to the new connection when an operator asks for one", async () => {
  watch(["a"]);
  await connected(1);
  daemon.link.reconnect();
  await connected(2);
  expect(ids()).toEqual(["subscription 1", "subscription 1"]);
  expect(reconciled).toEqual([["a"], ["a"]]);
});

test("scripts come and go while the stream is open; new ones are reconciled", async () => {
  watch(["a"]);
  await connected(1);
  subscription.add(["b", "a"]);
  await until(() => reconciled.length === 2);
  subscription.remove(["a", "never added"]);
  await until(() => arkd.callsOf("UnsubscribeForScripts").length === 1);
  expect(reconciled).toEqual([["a"], ["b"]]);
  expect(arkd.subscriptions.get("subscription 1")).toEqual(new Set(["b"]));
  expect([subscription.has("a"), subscription.has("b")]).toEqual([false, true]);
  expect(ids()).toEqual(["subscription 1"]);
});

test("an edit that fails makes a new connection with the whole set", async () => {
  watch(["a"]);
  await connected(1);
  arkd.subscriptions.clear();
  subscription.add(["b"]);
  await connected(2);
  expect(arkd.subscriptions.get("subscription 2")).toEqual(new Set(["a", "b"]));
  expect(reconciled.at(-1)).toEqual(["a", "b"]);
});

test("waits for a first script before it asks arkd anything", async () => {
  watch([]);
  expect(arkd.calls).toEqual([]);
  subscription.add(["a"]);
  await connected(1);
  expect(reconciled).toEqual([["a"]]);
});

test("stops while arkd holds its answer back", async () => {
  arkd.answers.set("SubscribeForScripts", () => HOLD);
  watch(["a"]);
  await until(() => arkd.callsOf("SubscribeForScripts").length === 1);
  await subscription.stop();
  expect(arkd.callsOf("SubscribeForScripts")).toHaveLength(1);
});

test("stops in any state", async () => {
  watch([]);
  await subscription.stop();
  watch(["a"]);
  await subscription.stop();
  watch(["a"]);
  await until(() => subscription.isConnected);
  await subscription.stop();
  expect(subscription.isConnected).toBe(false);
});
