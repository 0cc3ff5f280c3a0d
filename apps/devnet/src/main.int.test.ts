import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { RestArkProvider, RestIndexerProvider } from "@arkade-os/sdk";
import { Metadata, type ServiceError, credentials } from "@grpc/grpc-js";
import { hex } from "@scure/base";

import {
  AddHoldInvoiceRequest,
  type AddHoldInvoiceResp,
  InvoicesClient,
} from "@arkrelay/daemons/proto/invoicesrpc/invoices";

import {
  type Coin,
  type ServerParams,
  aSubmission,
  aWallet,
  scriptOf,
  signCheckpoints,
} from "./arkd/testing/a-transfer";
import type { DevnetDescription } from "./devnet";
import { RawClient, anEvent } from "./relay/testing/a-relay";

const APP = join(__dirname, "..");
const ANY_PORTS = ["control", "arkd", "arkd-admin", "lnd", "tapd", "relay"].flatMap((name) => [`--${name}-port`, "0"]);
const alice = aWallet("alice");
const bob = aWallet("bob");

let stateDir: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "devnet-process-"));
});
afterEach(async () => {
  await kill("SIGKILL");
  rmSync(stateDir, { recursive: true });
});

/** Starts the process from its sources and waits for devnet.json, which it writes last. */
async function start(): Promise<DevnetDescription> {
  const path = join(stateDir, "devnet.json");
  rmSync(path, { force: true });
  const started = new Promise<void>((resolve) => {
    const watcher = watch(stateDir, () => {
      if (!existsSync(path)) return;
      watcher.close();
      resolve();
    });
  });
  const args = [
    "--conditions=arkrelay-source",
    "--import",
    "tsx",
    "src/main.ts",
    "--state-dir",
    stateDir,
    ...ANY_PORTS,
  ];
  child = spawn(process.execPath, args, {
    cwd: APP,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "test" },
  });
  await started;
  return JSON.parse(readFileSync(path, "utf8")) as DevnetDescription;
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  const dying = child;
  child = undefined;
  if (dying === undefined || dying.exitCode !== null) return null;
  const exited = new Promise<number | null>((resolve) => dying.once("exit", resolve));
  dying.kill(signal);
  return exited;
}

async function control(devnet: DevnetDescription, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${devnet.control_url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

async function fundAlice(devnet: DevnetDescription): Promise<Coin> {
  const { vtxo_ids } = (await control(devnet, "/faucet", { pubkey: alice.pubkey, amount_sats: 10_000 })) as {
    vtxo_ids: string[];
  };
  return { vtxoId: vtxo_ids[0] ?? "", amountSats: 10_000, owner: alice };
}

async function serverParams(ark: RestArkProvider): Promise<ServerParams> {
  const { signerPubkey, checkpointTapscript, unilateralExitDelay } = await ark.getInfo();
  return { signerPubkey, checkpointTapscript, exitDelay: Number(unilateralExitDelay) };
}

it("resumes keys, coins, half-done transfers and relay events after kill -9 in the middle of a write", async () => {
  const before = await start();
  const ark = new RestArkProvider(before.arkd.rest);
  const server = await serverParams(ark);
  const toBob = [{ script: scriptOf(bob, server).pkScript, amountSats: 10_000n }];
  const [settled, pending] = [await fundAlice(before), await fundAlice(before)];
  const first = aSubmission(server, [settled], toBob);
  const accepted = await ark.submitTx(first.signedArkTx, first.checkpointTxs);
  await ark.finalizeTx(accepted.arkTxid, signCheckpoints([settled], accepted.signedCheckpointTxs));
  const second = aSubmission(server, [pending], toBob);
  const halfDone = await ark.submitTx(second.signedArkTx, second.checkpointTxs);
  const event = anEvent({ created_at: Math.floor(Date.now() / 1000) });
  const publisher = await RawClient.connect(before.relay_url);
  expect(await publisher.publish(event)).toEqual(["OK", event.id, true, ""]);
  const { seed, arkd } = (await control(before, "/state")) as { seed: string; arkd: unknown };

  await kill("SIGKILL");
  // What a process that dies inside write(2) leaves behind.
  appendFileSync(join(stateDir, "arkd.jsonl"), '{"type":"mined","hei');

  const after = await start();
  expect([after.signer_pubkey, after.forfeit_pubkey]).toEqual([before.signer_pubkey, before.forfeit_pubkey]);
  expect(await control(after, "/state")).toMatchObject({ seed, arkd, drift: 0, relay: { events: 1 } });
  const resumed = new RestArkProvider(after.arkd.rest);
  await resumed.finalizeTx(halfDone.arkTxid, signCheckpoints([pending], halfDone.signedCheckpointTxs));
  const indexer = new RestIndexerProvider(after.arkd.rest);
  const { vtxos } = await indexer.getVtxos({
    scripts: [hex.encode(toBob[0]?.script ?? new Uint8Array())],
    spendableOnly: true,
  });
  expect(new Set(vtxos.map(({ txid }) => txid))).toEqual(new Set([accepted.arkTxid, halfDone.arkTxid]));
  // Bob has only received: his balance stands under his script until somebody shows his key.
  const byOwner = { [bob.pubkey]: 20_000 };
  expect(await control(after, `/state?pubkeys=${bob.pubkey}`)).toMatchObject({ arkd: { by_owner: byOwner }, drift: 0 });
  const reader = await RawClient.connect(after.relay_url);
  expect(await reader.query({ ids: [event.id] })).toEqual([event.id]);
  await reader.close();

  expect(await kill("SIGTERM")).toBe(0);
  expect(existsSync(join(stateDir, "devnet.json"))).toBe(false);
}, 60_000);

it("resumes lnd's keys, certificate, macaroons and a held payment after kill -9", async () => {
  const before = await start();
  const invoice = AddHoldInvoiceRequest.fromPartial({ hash: HELD_HASH, value: 1_000n });
  const { paymentRequest } = await askInvoices<AddHoldInvoiceResp>(before, (client, macaroon, reply) =>
    client.addHoldInvoice(invoice, macaroon, reply),
  );
  expect(await control(before, "/lightning/pay", { bolt11: paymentRequest })).toMatchObject({ status: "in_flight" });
  const { lnd } = (await control(before, "/state")) as { lnd: unknown };
  const trusted = readFileSync(before.lnd.tls_cert, "utf8");
  const macaroons = before.lnd.macaroons;

  await kill("SIGKILL");
  appendFileSync(join(stateDir, "lnd.jsonl"), '{"type":"changes","chan');

  const after = await start();
  expect(await control(after, "/state")).toMatchObject({ lnd, drift: 0 });
  expect([readFileSync(after.lnd.tls_cert, "utf8"), after.lnd.macaroons]).toEqual([trusted, macaroons]);
  await askInvoices(after, (client, macaroon, reply) =>
    client.settleInvoice({ preimage: Buffer.from(HELD_PREIMAGE, "hex") }, macaroon, reply),
  );
  expect(await control(after, `/lightning/payments/${HELD_HASH.toString("hex")}`)).toEqual({
    status: "succeeded",
    preimage: HELD_PREIMAGE,
  });
}, 60_000);

const HELD_PREIMAGE = "42".repeat(32);
const HELD_HASH = createHash("sha256").update(Buffer.from(HELD_PREIMAGE, "hex")).digest();

async function askInvoices<A>(
  { lnd }: DevnetDescription,
  ask: (client: InvoicesClient, macaroon: Metadata, reply: (error: ServiceError | null, answer: A) => void) => unknown,
): Promise<A> {
  const client = new InvoicesClient(lnd.grpc, credentials.createSsl(readFileSync(lnd.tls_cert)));
  const macaroon = new Metadata();
  macaroon.set("macaroon", readFileSync(lnd.macaroons["gateway-invoice"] ?? "").toString("hex"));
  try {
    return await new Promise<A>((resolve, reject) => {
      ask(client, macaroon, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
  } finally {
    client.close();
  }
}

it("lets only one process work in a state folder", async () => {
  await start();
  const args = [
    "--conditions=arkrelay-source",
    "--import",
    "tsx",
    "src/main.ts",
    "--state-dir",
    stateDir,
    ...ANY_PORTS,
  ];
  const rival = spawn(process.execPath, args, { cwd: APP, stdio: "ignore", env: { ...process.env, NODE_ENV: "test" } });
  const code = await new Promise((resolve) => rival.once("exit", resolve));
  expect(code).toBe(1);
  expect(existsSync(join(stateDir, "devnet.json"))).toBe(true);
}, 60_000);
