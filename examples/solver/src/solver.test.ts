import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { WalletPins } from "@arkrelay/sdk/ark-script";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { nodeWebSocket } from "@arkrelay/sdk/node-web-socket";
import { NostrGatewayClient } from "@arkrelay/sdk/nostr-client";
import { signEvent } from "@arkrelay/sdk/nostr-utils";
import { buildIntent31510 } from "@arkrelay/sdk/payloads";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import type { ReceivedIntent } from "@arkrelay/sdk/solver-flows";
import { generateKey } from "@arkrelay/sdk/wallet-utils";

import type { Terms } from "./read-order.js";
import { SolverFile, type SwapRecord } from "./solver-file.js";
import { Solver } from "./solver.js";
import { FakeGateway } from "./testing/fake-gateway.js";

const USD = "d0".repeat(34);
const gatewayPubkey = generateKey().pubkey;
const pins: WalletPins = {
  signer: generateKey().pubkey,
  checkpointTapscript: "51",
  exitDelay: 86_400,
  gatewayPubkey,
  assets: { gUSD: USD },
};
const pool = generateKey();
const user = generateKey();
const terms: Terms = { solverPubkey: pool.pubkey, poolId: "gUSD-gBTC", assetId: "gUSD", feeBps: 30n };
const held = {
  vtxoId: `${"ab".repeat(32)}:0`,
  amountSats: 1_000_000n,
  script: "51",
  assets: [{ assetId: USD, amount: 500_000n }],
  isSpent: false,
  expiresAt: Number.MAX_SAFE_INTEGER,
};

let folder = "";
let gateway: FakeGateway;
let stop: AbortController;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "solver-test-"));
  gateway = new FakeGateway();
  stop = new AbortController();
});

afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

/** A solver over the file of this test, as it starts. */
async function start(): Promise<{
  solver: Solver;
  file: SolverFile;
  ended: (actionId: string) => Promise<SwapRecord>;
}> {
  const signer = secretKeySigner(pool.secretKey);
  const file = await SolverFile.open(join(folder, "state.json"), async () => pins);
  const client = new GatewayClient("http://gateway", {
    signer,
    fetchImpl: gateway.fetch,
    retry: { maxAttempts: 1, backoffBaseMs: 1 },
  });
  const nostr = new NostrGatewayClient([], signer, gatewayPubkey, { webSocket: nodeWebSocket });
  const listeners = new Set<() => void>();
  const say = (): void => listeners.forEach((listener) => listener());
  const vtxoView = async () => new Map([[held.vtxoId, held]]);
  const solver = new Solver({ terms, signer, client, nostr, file, vtxoView, say });
  const ended = (actionId: string): Promise<SwapRecord> =>
    new Promise((resolve) => {
      const look = (): void => {
        const swap = file.find(user.pubkey, actionId);
        if (swap !== undefined && !["waiting", "submitted"].includes(swap.status)) resolve(swap);
      };
      listeners.add(look);
      look();
    });
  return { solver, file, ended };
}

function anOrder(actionId: string, params: Readonly<Record<string, unknown>> = {}): ReceivedIntent {
  const order = { pool_id: "gUSD-gBTC", in_asset: "gBTC", in_amount: 10_000, out_asset: "gUSD", min_out_amount: 4_900 };
  const expiresAt = Math.floor(Date.now() / 1000) + 600;
  const { intent, kind, content, tags } = buildIntent31510(actionId, "amm:swap", { ...order, ...params }, expiresAt, {
    gatewayPubkey,
    solver_id: pool.pubkey,
  });
  return { intent: { ...intent, expires_at: expiresAt }, event: signEvent(user.secretKey, kind, content, tags) };
}

it("takes the other side of an order, and gives what its price says", async () => {
  const { solver, ended } = await start();
  const order = anOrder("order-0001");
  solver.take(order);
  void solver.run(stop.signal);
  expect(await ended("order-0001")).toMatchObject({ status: "settled", amountOut: 4_930, txid: "7e".repeat(32) });
  const [batch] = gateway.submissions;
  expect(batch?.intents.map(({ pubkey }) => pubkey)).toEqual([user.pubkey, pool.pubkey]);
  expect(batch?.allocations?.[0]?.receive).toEqual([{ asset_id: "gUSD", amount: 4_930 }]);
  expect(JSON.parse(batch?.intents[1]?.content ?? "")).toMatchObject({
    type: "atomic_swap",
    params: {
      give: [{ asset_id: "gUSD", amount: 4_930 }],
      receive: [{ asset_id: "gBTC", amount: 10_000 }],
      counterparties: [user.pubkey],
    },
  });
});

it("trades an action once, however many events tell of it and whenever", async () => {
  const { solver, ended } = await start();
  solver.take(anOrder("order-0002"));
  void solver.run(stop.signal);
  await ended("order-0002");
  const again = await start();
  expect(again.solver.take(anOrder("order-0002", { in_amount: 20_000 })).status).toBe("settled");
  void again.solver.run(stop.signal);
  again.solver.take(anOrder("order-0003"));
  await again.ended("order-0003");
  expect(gateway.submissions).toHaveLength(2);
});

it("submits a batch that got no answer again as it was, also after a restart", async () => {
  const first = await start();
  gateway.behaviours.push("lose_answer");
  first.solver.take(anOrder("order-0004"));
  const killed = new AbortController();
  const gone = first.solver.run(killed.signal);
  while (gateway.submissions.length === 0) await new Promise((resolve) => setImmediate(resolve));
  killed.abort();
  await gone;
  const { solver, ended } = await start();
  void solver.run(stop.signal);
  expect(await ended("order-0004")).toMatchObject({ status: "settled", attempts: 1 });
  const [lost, repeated] = gateway.submissions;
  expect(repeated).toEqual(lost);
});

it("submits an order anew after a batch that failed, with a side of its own that was never used", async () => {
  const { solver, ended } = await start();
  gateway.behaviours.push("fail");
  solver.take(anOrder("order-0005"));
  void solver.run(stop.signal);
  expect(await ended("order-0005")).toMatchObject({ status: "settled", attempts: 2 });
  const [failed, settled] = gateway.submissions;
  expect(settled?.batch_id).not.toBe(failed?.batch_id);
  expect(settled?.intents[0]).toEqual(failed?.intents[0]);
  expect(settled?.intents[1]?.id).not.toBe(failed?.intents[1]?.id);
});

it("gives an order up that the gateway refuses, and says why", async () => {
  const { solver, ended } = await start();
  gateway.behaviours.push("refuse");
  solver.take(anOrder("order-0006"));
  void solver.run(stop.signal);
  expect(await ended("order-0006")).toMatchObject({ status: "failed", reason: "insufficient_balance", attempts: 1 });
});

it("refuses an order at a worse price without a word to the gateway", async () => {
  const { solver, ended } = await start();
  solver.take(anOrder("order-0007", { min_out_amount: 5_000 }));
  void solver.run(stop.signal);
  expect(await ended("order-0007")).toMatchObject({ status: "refused", reason: "slippage", attempts: 0 });
  expect(gateway.submissions).toEqual([]);
});

it("has on disk what it is about to submit", async () => {
  const { solver, ended } = await start();
  const onDisk: unknown[] = [];
  gateway.onSubmit = () => {
    const content = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as { readonly swaps: unknown };
    onDisk.push(content.swaps);
  };
  solver.take(anOrder("order-0008"));
  void solver.run(stop.signal);
  await ended("order-0008");
  const [batch] = gateway.submissions;
  expect(onDisk).toMatchObject([{ [`${user.pubkey}:order-0008`]: { attempt: { batchId: batch?.batch_id } } }]);
});
