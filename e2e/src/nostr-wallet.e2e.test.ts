import { createHash, randomBytes } from "node:crypto";
import path from "node:path";

import { type Event, finalizeEvent, generateSecretKey, nip44 } from "nostr-tools";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";

import { devnetState, fund, outsideInvoice, payFromOutside } from "./control-api";
import { eventually } from "./eventually";
import { type ExampleWallet, openExampleWallet } from "./example-wallet";
import { type RunningStack, START_TIMEOUT_MS, runScript, startStack } from "./running-stack";

/** The wallet of examples/nostr-wallet, which knows the protocol and nothing of ours, against the whole stack. */
jest.setTimeout(120_000);
useWebSocketImplementation(WebSocket);

let stack: RunningStack;
/** The gateway had this key before it changed to that of the stack; it was kept sealed. */
let formerPubkey: string;
let serial = 0;

beforeAll(async () => {
  const opener = { GATEWAY_ENCRYPTION_KEY: randomBytes(32).toString("hex") };
  const { output } = await runScript("packages/nostr/dist/seal-key.js", ["--new"], opener);
  const [, pubkey = "", sealed = ""] = /public key (\w{64})\nGATEWAY_NOSTR_PRIVATE_KEY=(\S+)\n/.exec(output) ?? [];
  formerPubkey = pubkey;
  // Looks that are repeated until a state has come would be too many requests for one key.
  stack = await startStack([], { ...opener, NOSTR_PREVIOUS_KEYS: sealed, NOSTR_REQUESTS_PER_MINUTE: "600" });
}, START_TIMEOUT_MS);
afterAll(() => stack?.stop());
afterEach(async () => {
  expect((await devnetState(stack.info)).drift).toBe(0);
});

function newWallet(): Promise<ExampleWallet> {
  serial += 1;
  return openExampleWallet(path.join(stack.stateDir, `wallet-${serial}.json`), stack.info);
}

const expectSats = (wallet: ExampleWallet, sats: number): Promise<void> =>
  eventually(async () => expect(await wallet.run("balance")).toBe(`gBTC ${sats} (${sats} available, 0 reserved)\n`));

async function lift(wallet: ExampleWallet, sats: number): Promise<void> {
  const { value: invoice, ended } = await wallet.start("invoice", "lift", String(sats));
  await payFromOutside(stack.info, invoice);
  expect(await ended).toMatch(new RegExp(`^lifted ${sats} sats in [0-9a-f]{64}$`, "m"));
  await expectSats(wallet, sats);
}

it("lifts, pays, syncs and lands over Nostr alone", async () => {
  const [alice, bob] = [await newWallet(), await newWallet()];
  await lift(alice, 50_000);

  expect(await alice.run("pay", bob.pubkey, "20000")).toMatch(/^paid 20000 sats in [0-9a-f]{64}$/m);
  await expectSats(alice, 29_990);
  await expectSats(bob, 20_000);

  const invoice = await outsideInvoice(stack.info, 5_000);
  const landed = await bob.run("land", "5000", invoice.bolt11);
  const preimage = /^landed 5000 sats and 5 sats fee in [0-9a-f]{64}, preimage ([0-9a-f]{64})$/m.exec(landed)?.[1];
  const hash = createHash("sha256").update(Buffer.from(preimage ?? "", "hex"));
  expect(hash.digest("hex")).toBe(invoice.paymentHash);
  await expectSats(bob, 14_995);
  expect(await bob.run("sync")).toMatch(/^[0-9a-f]{64}:\d+ 14995 gBTC \w+\n1 VTXOs in 1 pages$/m);
});

it("reads more VTXOs than one event holds, page by page", async () => {
  const alice = await newWallet();
  // From here on the gateway watches what arkd has for this key.
  await lift(alice, 50_000);
  const vtxoIds = await fund(stack.info, alice.pubkey, 1_000, 250);
  await expectSats(alice, 300_000);
  const lines = (await alice.run("sync")).trim().split("\n");
  const found = lines.slice(0, -1).map((line) => line.split(" ")[0]);
  expect(new Set(found).size).toBe(251);
  expect(found).toEqual(expect.arrayContaining(vtxoIds));
  expect(lines.at(-1)).toMatch(/^251 VTXOs in [2-9] pages$/);
});

it("goes on with a payment that it was stopped in the middle of", async () => {
  const [alice, bob] = [await newWallet(), await newWallet()];
  await lift(alice, 50_000);
  const stopped = await alice.start("signed ark_tx of", "pay", bob.pubkey, "20000");
  await stopped.kill();
  expect(await alice.run("resume")).toMatch(new RegExp(`settled in ${stopped.value}$`, "m"));
  await expectSats(alice, 29_990);
  expect(await alice.run("resume")).toBe("");
});

it("says with the gateway's own number why a payment is refused", async () => {
  const [alice, bob] = [await newWallet(), await newWallet()];
  await fund(stack.info, alice.pubkey, 1_000);
  await expect(alice.run("pay", bob.pubkey, "5000")).rejects.toThrow("the gateway refused (2001)");
  // A payment that has its result is not open any more.
  expect(await alice.run("resume")).toBe("");
});

it("that has not heard of a new key of the gateway is answered by it all the same", async () => {
  const secretKey = generateSecretKey();
  const relay = await Relay.connect(stack.info.relay_urls[0] ?? "");
  const request = { request_id: "former-key-1", action: "query_balances" };
  const sealed = nip44.encrypt(JSON.stringify(request), nip44.getConversationKey(secretKey, formerPubkey));
  const tags = [["p", formerPubkey]];
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: 31500, created_at, content: sealed, tags }, secretKey);
  try {
    const answer = await new Promise<Event>((resolve, reject) => {
      relay.subscribe([{ kinds: [31501], "#e": [event.id] }], { onevent: resolve });
      relay.publish(event).catch(reject);
    });
    expect(answer.pubkey).toBe(stack.info.gateway_pubkey);
    const shared = nip44.getConversationKey(secretKey, answer.pubkey);
    expect(JSON.parse(nip44.decrypt(answer.content, shared))).toMatchObject({
      request_id: "former-key-1",
      status: "success",
      gateway_pubkey: stack.info.gateway_pubkey,
    });
  } finally {
    relay.close();
  }
});

it("explains itself", async () => {
  const { code, output } = await runScript("examples/nostr-wallet/dist/main.js", ["--help"]);
  expect(code).toBe(0);
  expect(output).toContain("land SATS INVOICE");
});
