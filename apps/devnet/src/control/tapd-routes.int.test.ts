import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { credentials, Metadata } from "@grpc/grpc-js";

import { MintAsset, MintClient } from "@arkrelay/daemons/proto/mintrpc/mint";
import { type Addr, NewAddrRequest, TaprootAssetsClient } from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { parseConfig } from "../config";
import { type DevnetDescription, startDevnet } from "../devnet";
import { call } from "../tapd/testing/a-tapd";

const ANY_PORTS = ["control", "arkd", "arkd-admin", "lnd", "tapd", "relay"].flatMap((name) => [`--${name}-port`, "0"]);

let stateDir: string;
let devnet: DevnetDescription;
let closers: (() => void | Promise<void>)[];

async function start(): Promise<void> {
  devnet = await startDevnet(parseConfig(["--state-dir", stateDir, ...ANY_PORTS], {}), (_name, close) =>
    closers.push(close),
  );
}

async function stop(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

beforeEach(async () => {
  closers = [];
  stateDir = mkdtempSync(join(tmpdir(), "devnet-"));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(stateDir, { recursive: true });
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${devnet.control_url}${path}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

interface TapdState {
  readonly assets: Record<string, Record<string, unknown>>;
  readonly drift_units: number;
}

async function tapdState(): Promise<TapdState> {
  const { body } = await ask("GET", "/state");
  expect(body).toMatchObject({ drift: 0 });
  return (body as { tapd: TapdState }).tapd;
}

/** With the files that devnet.json names, as any client would. */
function inMetadata(): { readonly tls: ReturnType<typeof credentials.createSsl>; readonly metadata: Metadata } {
  const metadata = new Metadata();
  metadata.set("macaroon", readFileSync(devnet.tapd.macaroon).toString("hex"));
  return { tls: credentials.createSsl(readFileSync(devnet.tapd.tls_cert)), metadata };
}

async function mint(name: string): Promise<void> {
  const { tls, metadata } = inMetadata();
  const client = new MintClient(devnet.tapd.grpc, tls);
  const asset = MintAsset.fromPartial({ name, amount: 1_000n });
  await call((reply) => client.mintAsset({ asset, shortResponse: true }, metadata, reply));
  await call((reply) =>
    client.finalizeBatch({ shortResponse: true, feeRate: 0, batchSibling: undefined }, metadata, reply),
  );
  client.close();
  await ask("POST", "/mine");
}

it("lets the outside tapd mint, be paid, and pay, and accounts for every unit", async () => {
  const { body } = await ask("POST", "/tapd/outside/mint", { name: "theirs", amount: 1_000 });
  const { asset_id } = body as { asset_id: string };
  const { tls, metadata } = inMetadata();
  const client = new TaprootAssetsClient(devnet.tapd.grpc, tls);
  const request = NewAddrRequest.fromPartial({ assetId: Buffer.from(asset_id, "hex"), amt: 250n });
  await expect(call((reply) => client.newAddr(request, metadata, reply))).rejects.toThrow(/unable to find asset/);

  const scriptKey = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
  const paid = await ask("POST", "/tapd/outside/pay-script-key", { asset_id, amount: 10, script_key: scriptKey });
  const { outpoint } = paid.body as { outpoint: string };
  const proofPath = `/tapd/outside/proof/${outpoint}/${scriptKey}`;
  expect((await ask("GET", proofPath)).status).toBe(400);
  await ask("POST", "/mine");
  expect((await ask("GET", proofPath)).body).toMatchObject({
    proof_file: expect.stringMatching(/^[0-9a-f]+$/) as string,
  });
  expect((await tapdState()).assets[asset_id]).toMatchObject({
    minted_units: 1_000,
    local_units: 10,
    outside_units: 990,
  });
  client.close();
});

it("gives addresses of the outside tapd and takes payments from it", async () => {
  await mint("gold");
  const [assetId = ""] = Object.keys((await tapdState()).assets);
  const { body } = await ask("POST", "/tapd/outside/address", { asset_id: assetId, amount: 300 });
  const { tls, metadata } = inMetadata();
  const client = new TaprootAssetsClient(devnet.tapd.grpc, tls);
  const tapAddrs = [(body as { address: string }).address];
  const send = { tapAddrs, feeRate: 0, label: "", skipProofCourierPingCheck: false, addressesWithAmounts: [] };
  await call((reply) => client.sendAsset(send, metadata, reply));
  await ask("POST", "/mine");
  const request = NewAddrRequest.fromPartial({ assetId: Buffer.from(assetId, "hex"), amt: 100n });
  const { encoded } = await call<Addr>((reply) => client.newAddr(request, metadata, reply));
  expect((await ask("POST", "/tapd/outside/pay", { address: encoded })).status).toBe(200);
  await ask("POST", "/mine");
  expect((await tapdState()).assets[assetId]).toMatchObject({ local_units: 800, outside_units: 200 });
  client.close();
});

it("opens a channel with units that our tapd minted, and they can be sent at once", async () => {
  const { body } = await ask("POST", "/tapd/channel", { name: "gold", amount: 500 });
  const { asset_id } = body as { asset_id: string };
  expect((await tapdState()).assets[asset_id]).toMatchObject({ minted_units: 500, channel_units: 500, local_units: 0 });
  expect((await ask("POST", "/tapd/channel", { name: "", amount: 500 })).status).toBe(400);
});

it.each([
  ["/tapd/settings", {}, ""],
  ["/tapd/settings", { version: "0.5" }, "version"],
  ["/tapd/rate", { asset: "gold", units_per_btc: "1" }, "asset"],
  ["/tapd/rate", { asset: "ab".repeat(32), units_per_btc: "0" }, "units_per_btc"],
  ["/tapd/outside/mint", { name: "x", amount: 0 }, "amount"],
  ["/tapd/outside/address", { asset_id: "ab".repeat(32), amount: 1 }, "asset_id"],
  ["/tapd/outside/pay", { address: "taprt1x" }, "address"],
  ["/faults", { target: "tapd", kind: "stuck_payment" }, "kind"],
  ["/faults", { target: "tapd", kind: "courier_down", method: "SendAsset" }, "method"],
])("answers %s %j with 400 naming the field", async (path, body, field) => {
  const answer = await ask("POST", path, body);
  const { errors } = answer.body as { errors: { path: string }[] };
  expect([answer.status, errors.map((error) => error.path)]).toEqual([400, [field]]);
});

it("keeps assets, settings and macaroons over a restart, and loses the assets in a reset", async () => {
  await mint("gold");
  await ask("POST", "/tapd/settings", { version: "0.7" });
  const before = await tapdState();
  const macaroon = readFileSync(devnet.tapd.macaroon);
  await stop();
  await start();
  expect(await tapdState()).toEqual(before);
  expect(readFileSync(devnet.tapd.macaroon)).toEqual(macaroon);
  expect((await ask("POST", "/reset")).status).toBe(204);
  expect(await tapdState()).toMatchObject({ assets: {}, version: "0.8" });
  await mint("gold");
  expect(Object.keys((await tapdState()).assets)).not.toEqual(Object.keys(before.assets));
});

it("restarts tapd by the control API and faults its calls by name", async () => {
  expect((await ask("POST", "/restart/tapd", {})).status).toBe(202);
  await ask("POST", "/faults", { target: "tapd", method: "GetInfo", kind: "error_before", code: "INTERNAL" });
  const { tls, metadata } = inMetadata();
  const client = new TaprootAssetsClient(devnet.tapd.grpc, tls);
  await expect(call((reply) => client.getInfo({}, metadata, reply))).rejects.toThrow(/INTERNAL/);
  await call((reply) => client.getInfo({}, metadata, reply));
  client.close();
});
