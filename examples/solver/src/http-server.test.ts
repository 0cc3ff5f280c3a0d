import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UnavailableError } from "@arkrelay/sdk/errors";

import { startHttpServer } from "./http-server.js";
import type { Reserves } from "./pool.js";
import { SolverFile } from "./solver-file.js";

const EVENT_ID = "e1".repeat(32);
const terms = { solverPubkey: "5e".repeat(32), poolId: "gUSD-gBTC", assetId: "gUSD", feeBps: 30n };
const pins = { signer: "", checkpointTapscript: "", exitDelay: 0, gatewayPubkey: "" };
const away = new UnavailableError({ status: 0, code: "network_error", detail: "arkd is away", retryable: true });

let folder = "";
let server: Server;
let reserves: () => Promise<Reserves>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "solver-http-"));
  reserves = async () => ({ sats: 1_000_000n, units: 500_000n });
  const file = await SolverFile.open(join(folder, "state.json"), async () => pins);
  const order = { userPubkey: "0a".repeat(32), actionId: "order-0001", attempts: 0, endsAt: 1_800_000_000 };
  file.put({ ...order, eventId: EVENT_ID, status: "refused", reason: "slippage" });
  const solver = { reserves: () => reserves() };
  server = await startHttpServer({ solver, terms, file, port: 0, canSimulate: false });
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function get(route: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${route}`);
  return { status: response.status, body: await response.json() };
}

it("tells what the pool holds, what it pays, and what became of an order", async () => {
  expect(await get("/pool")).toMatchObject({ status: 200, body: { reserves: { gBTC: 1_000_000, gUSD: 500_000 } } });
  expect(await get("/quote?in_asset=gBTC&in_amount=10000")).toMatchObject({
    status: 200,
    body: { out_asset: "gUSD", out_amount: 4_930, solver_id: terms.solverPubkey },
  });
  expect(await get(`/swaps/${EVENT_ID}`)).toMatchObject({
    status: 200,
    body: { status: "refused", reason: "slippage" },
  });
  expect(await get("/health")).toMatchObject({ status: 200, body: { swaps: { refused: 1, settled: 0 } } });
});

it.each([
  ["/quote?in_asset=gEUR&in_amount=10000", 422, "unknown_pool"],
  ["/quote?in_asset=gBTC&in_amount=1.5", 400, "invalid_request"],
  ["/quote?in_asset=gBTC&in_amount=100", 422, "dust"],
  [`/swaps/${"00".repeat(32)}`, 404, "not_found"],
])("refuses %s with %s %s", async (route, status, code) => {
  expect(await get(route)).toEqual({ status, body: { status, code } });
});

it("has no price while arkd is away", async () => {
  reserves = () => Promise.reject(away);
  expect(await get("/quote?in_asset=gBTC&in_amount=10000")).toMatchObject({ status: 503 });
});

it("simulates nothing unless it was started for that", async () => {
  const { port } = server.address() as AddressInfo;
  expect((await fetch(`http://127.0.0.1:${port}/simulate/intent`, { method: "POST", body: "{}" })).status).toBe(404);
});
