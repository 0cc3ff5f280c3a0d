import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { aWallet, scriptOf } from "../arkd/testing/a-transfer";
import { parseConfig } from "../config";
import { type DevnetDescription, startDevnet } from "../devnet";
import { RawClient } from "../relay/testing/a-relay";

const ANY_PORTS = [
  "--control-port",
  "0",
  "--arkd-port",
  "0",
  "--arkd-admin-port",
  "0",
  "--lnd-port",
  "0",
  "--tapd-port",
  "0",
  "--relay-port",
  "0",
];
const alice = aWallet("alice");
const GOLD = `${"aa".repeat(32)}0000`;

let stateDir: string;
let devnet: DevnetDescription;
let closers: (() => void | Promise<void>)[];

async function start(...flags: string[]): Promise<void> {
  devnet = await startDevnet(parseConfig(["--state-dir", stateDir, ...ANY_PORTS, ...flags], {}), (_name, close) =>
    closers.push(close),
  );
}

async function stop(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

beforeEach(async () => {
  closers = [];
  stateDir = mkdtempSync(join(tmpdir(), "devnet-"));
  await start("--seed", "control-test");
});
afterEach(async () => {
  await stop();
  rmSync(stateDir, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${devnet.control_url}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

describe("control API", () => {
  it("funds a key and accounts for every sat", async () => {
    const { body } = await ask("POST", "/faucet", { pubkey: alice.pubkey, amount_sats: 1_000, count: 3 });
    const { vtxo_ids, txid } = body as { vtxo_ids: string[]; txid: string };
    expect(vtxo_ids).toEqual([0, 1, 2].map((vout) => `${txid}:${vout}`));
    expect((await ask("GET", "/state")).body).toMatchObject({
      seed: "control-test",
      arkd: {
        issued_sats: 3_000,
        live_sats: 3_000,
        in_flight_sats: 0,
        by_owner: { [alice.pubkey]: 3_000 },
        assets: {},
      },
      drift: 0,
    });
  });

  it("funds a key with an asset and accounts for every unit", async () => {
    const faucet = { pubkey: alice.pubkey, amount_sats: 1_000, count: 2, asset_id: GOLD, asset_amount: 50 };
    expect((await ask("POST", "/faucet", faucet)).status).toBe(200);
    expect((await ask("GET", "/state")).body).toMatchObject({
      arkd: {
        assets: { [GOLD]: { issued_units: 100, live_units: 100, burnt_units: 0, by_owner: { [alice.pubkey]: 100 } } },
      },
      drift: 0,
    });
    const asset = await fetch(`${devnet.arkd.rest}/v1/indexer/asset/${GOLD}`);
    expect(await asset.json()).toEqual({ assetId: GOLD, supply: "100", metadata: "", controlAsset: "" });
    const vtxos = await fetch(`${devnet.arkd.rest}/v1/indexer/vtxos?scripts=${await scriptOfAlice()}`);
    const assets = [{ assetId: GOLD, amount: "50" }];
    expect(await vtxos.json()).toMatchObject({ vtxos: [{ assets }, { assets }] });
  });

  it("refuses to name balances by something that is no key", async () => {
    const { status, body } = await ask("GET", "/state?pubkeys=nonsense");
    expect([status, (body as { errors: { path: string }[] }).errors[0]?.path]).toEqual([400, "pubkeys.0"]);
  });

  it("mines blocks, advances the clock and lets VTXOs expire", async () => {
    expect((await ask("POST", "/mine")).body).toEqual({ height: 102 });
    expect((await ask("POST", "/mine", { blocks: 5 })).body).toEqual({ height: 107 });
    await ask("POST", "/faucet", { pubkey: alice.pubkey, amount_sats: 1_000 });
    const { now, median_time } = (await ask("POST", "/clock/advance", { seconds: 604_800 })).body as Record<
      string,
      number
    >;
    expect((now ?? 0) - (median_time ?? 0)).toBe(3_600);
    const response = await fetch(
      `${devnet.arkd.rest}/v1/indexer/vtxos?recoverableOnly=true&scripts=${await scriptOfAlice()}`,
    );
    expect(await response.json()).toMatchObject({ vtxos: [{ isSwept: true, amount: "1000" }] });
  });

  it.each([
    ["/faucet", {}, ["pubkey", "amount_sats"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 1_000.5 }, ["amount_sats"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: "1000" }, ["amount_sats"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 329 }, ["amount_sats"]],
    ["/faucet", { pubkey: "ff".repeat(32), amount_sats: 1_000 }, ["pubkey"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 1_000, asset_id: "gUSD", asset_amount: 1 }, ["asset_id"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 1_000, asset_id: GOLD }, ["asset_amount"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 1_000, asset_amount: 1 }, ["asset_id"]],
    ["/faucet", { pubkey: alice.pubkey, amount_sats: 1_000, colour: "red" }, ["colour"]],
    ["/clock/advance", { seconds: -1 }, ["seconds"]],
    ["/faults", { target: "evm", kind: "down" }, ["target"]],
    ["/faults", { target: "lnd", kind: "locked", method: "GetInfo" }, ["method"]],
    ["/lightning/pay", { bolt11: "lnbc1" }, ["bolt11"]],
    ["/lightning/settle", { payment_hash: "ab".repeat(32) }, ["payment_hash"]],
    ["/lnd/settings", {}, [""]],
    ["/faults", { target: "arkd", kind: "rotate_tls" }, ["kind"]],
    ["/faults", { target: "arkd", kind: "error_before", code: "NOPE" }, ["code"]],
    ["/faults", { target: "arkd", kind: "error_before", method: "SubmitTX" }, ["method"]],
    ["/faults", { target: "arkd", kind: "delay" }, ["delay_ms"]],
    ["/restart/evm", {}, ["target"]],
    ["/arkd/unroll", { vtxo_id: `${"ab".repeat(32)}:0` }, ["vtxo_id"]],
    ["/arkd/settings", {}, [""]],
  ])("answers %s %j with 400 naming the field", async (path, body, fields) => {
    const answer = await ask("POST", path, body);
    const { code, errors } = answer.body as { code: string; errors: { path: string }[] };
    expect([answer.status, code, errors.map((error) => error.path)]).toEqual([400, "invalid_request", fields]);
  });

  it("answers malformed JSON and unknown routes", async () => {
    const response = await fetch(`${devnet.control_url}/faucet`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{",
    });
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_json" }]);
    expect((await ask("POST", "/nowhere", {})).status).toBe(404);
  });

  it("switches faults on and off, over gRPC names and the REST face alike", async () => {
    const once = { target: "arkd", method: "GetInfo", kind: "error_before", code: "RESOURCE_EXHAUSTED" };
    const { fault_id } = (await ask("POST", "/faults", once)).body as { fault_id: string };
    expect((await fetch(`${devnet.arkd.rest}/v1/info`)).status).toBe(429);
    expect((await fetch(`${devnet.arkd.rest}/v1/info`)).status).toBe(200);
    expect((await ask("DELETE", `/faults/${fault_id}`)).status).toBe(204);
    await ask("POST", "/faults", { ...once, times: 5 });
    expect((await ask("DELETE", "/faults")).status).toBe(204);
    expect((await fetch(`${devnet.arkd.rest}/v1/info`)).status).toBe(200);
  });

  it("restarts the relay, which drops its clients and keeps its events", async () => {
    const client = await RawClient.connect(devnet.relay_url);
    expect((await ask("POST", "/restart/relay", {})).status).toBe(202);
    await client.closed;
    await (await RawClient.connect(devnet.relay_url)).close();
  });

  it("lets the outside wallet be paid and pay, and accounts for every sat of it", async () => {
    const before = await lndState();
    const { payment_hash, bolt11 } = (await ask("POST", "/lightning/invoice", { amount_sats: 1_000, hold: true }))
      .body as { payment_hash: string; bolt11: string };
    expect(bolt11).toMatch(/^lnbcrt10u1/);
    expect((await ask("POST", "/lightning/settle", { payment_hash })).body).toMatchObject({
      errors: [{ message: "invoice still open" }],
    });
    expect((await ask("POST", "/lightning/cancel", { payment_hash })).body).toEqual({ status: "canceled" });
    const own = (await ask("POST", "/lightning/invoice", { amount_sats: 5 })).body as Record<string, string>;
    // The outside wallet cannot reach itself over any channel.
    expect((await ask("POST", "/lightning/pay", { bolt11: own["bolt11"] })).body).toEqual({
      payment_hash: own["payment_hash"],
      status: "failed",
      failure_reason: "no_route",
    });
    expect((await ask("GET", `/lightning/payments/${own["payment_hash"] ?? ""}`)).body).toMatchObject({
      status: "failed",
    });
    expect((await ask("GET", `/lightning/payments/${payment_hash}`)).status).toBe(404);
    expect((await ask("POST", "/lnd/deposit", { amount_sats: 7_000 })).status).toBe(200);
    await ask("POST", "/mine");
    const after = await lndState();
    expect([after["wallet_sats"], after["issued_sats"]]).toEqual([
      (before["wallet_sats"] ?? 0) + 7_000,
      (before["issued_sats"] ?? 0) + 7_000,
    ]);
    for (const view of [before, after]) expect(sumOf(view)).toBe(view["issued_sats"]);
    expect((await ask("GET", "/state")).body).toMatchObject({ drift: 0 });
  });

  it("restarts lnd, and locks its wallet for a while", async () => {
    expect((await ask("POST", "/restart/lnd", {})).status).toBe(202);
    const { fault_id } = (await ask("POST", "/faults", { target: "lnd", kind: "locked" })).body as { fault_id: string };
    expect((await ask("DELETE", `/faults/${fault_id}`)).status).toBe(204);
  });

  it("changes arkd's settings and with them its digest", async () => {
    const { digest } = (await ask("POST", "/arkd/settings", { vtxo_min_sats: 1 })).body as { digest: string };
    expect(await (await fetch(`${devnet.arkd.rest}/v1/info`)).json()).toMatchObject({ digest, vtxoMinAmount: "1" });
  });

  it("resets everything but keys, seed and the uniqueness of txids", async () => {
    const first = (await ask("POST", "/faucet", { pubkey: alice.pubkey, amount_sats: 1_000 })).body as { txid: string };
    await ask("POST", "/clock/advance", { seconds: 1_000 });
    expect((await ask("POST", "/reset")).status).toBe(204);
    expect((await ask("GET", "/state")).body).toMatchObject({
      seed: "control-test",
      height: 101,
      arkd: { issued_sats: 0 },
      drift: 0,
    });
    const keysBefore = devnet.signer_pubkey;
    await stop();
    await start();
    expect(devnet.signer_pubkey).toBe(keysBefore);
    const second = (await ask("POST", "/faucet", { pubkey: alice.pubkey, amount_sats: 1_000 })).body as {
      txid: string;
    };
    expect(second.txid).not.toBe(first.txid);
    expect((await ask("GET", "/state")).body).toMatchObject({ arkd: { issued_sats: 1_000 }, drift: 0 });
  });
});

async function lndState(): Promise<Record<string, number>> {
  return ((await ask("GET", "/state")).body as { lnd: Record<string, number> }).lnd;
}

function sumOf(lnd: Record<string, number>): number {
  const parts = ["wallet_sats", "channels_sats", "in_flight_sats", "outside_sats", "fees_paid_sats"];
  return parts.reduce((sum, part) => sum + (lnd[part] ?? 0), 0);
}

async function scriptOfAlice(): Promise<string> {
  const { arkd } = (await ask("GET", "/state")).body as { arkd: { by_owner: Record<string, number> } };
  expect(Object.keys(arkd.by_owner)).toEqual([alice.pubkey]);
  const info = (await (await fetch(`${devnet.arkd.rest}/v1/info`)).json()) as Record<string, string>;
  const server = {
    signerPubkey: info["signerPubkey"] ?? "",
    checkpointTapscript: info["checkpointTapscript"] ?? "",
    exitDelay: Number(info["unilateralExitDelay"]),
  };
  return Buffer.from(scriptOf(alice, server).pkScript).toString("hex");
}

describe("start", () => {
  it("describes itself in devnet.json and withdraws it on stop", async () => {
    const path = join(stateDir, "devnet.json");
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(devnet);
    expect(devnet.signer_pubkey).toMatch(/^[0-9a-f]{64}$/);
    expect(await (await fetch(`${devnet.arkd.admin_url}/healthz`)).json()).toEqual({ status: "SERVING" });
    await stop();
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });

  it("moves from a taken port to the next free one", async () => {
    await stop();
    const taken = createServer();
    const port = await new Promise<number>((resolve) => {
      taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port));
    });
    await start("--control-port", String(port));
    const { port: moved } = new URL(devnet.control_url);
    await new Promise((resolve) => taken.close(resolve));
    expect(Number(moved)).toBeGreaterThan(port);
  });

  it("refuses production and lists every wrong flag", () => {
    expect(() => parseConfig([], { NODE_ENV: "production" })).toThrow(/never runs in production/);
    expect(() => parseConfig(["--arkd-port", "70000", "--relay-port", "x"], {})).toThrow(/arkd-port.*\n.*relay-port/);
    expect(() => parseConfig(["--nope"], {})).toThrow(/nope/);
    expect(parseConfig([], { DEVNET_CONTROL_PORT: "9000", DEVNET_SEED: "s" })).toMatchObject({
      controlPort: 9000,
      seed: "s",
    });
  });
});
