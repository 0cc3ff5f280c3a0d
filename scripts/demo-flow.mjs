import {
  GatewayClient,
  NostrGatewayClient,
  PaymentFlow,
  executeLandFlow,
  executeLiftFlow,
  fetchPins,
  fetchVtxoView,
  generateKey,
  hexToNpub,
  pinLandScript,
  secretKeySigner,
} from "../packages/sdk/dist/sdk.js";

const FUNDING_SATS = 100_000;
const NOSTR_SATS = 25_000;
const HTTP_SATS = 10_000;
const FEE_SATS = 10;
const LIFT_SATS = 20_000;
const LAND_SATS = 15_000;
const LAND_FEE_SATS = 15;
/** How long the gateway's mirror of a balance may take to follow arkd. */
const BALANCE_TIMEOUT_MS = 10_000;

/**
 * Two new users, one of them funded by the development faucet, and two payments between them: one over Nostr, one over
 * HTTP, each verified and signed by the wallet half of the SDK. Then Bob takes money in from Lightning and pays some out again.
 * Prints every step with its time.
 * @param {object} stack content of stack.json
 * @param {(line: string) => void} print
 * @throws when a payment does not settle or a balance is not what it must be
 */
export async function runDemo(stack, print) {
  const [alice, bob] = [aUser(stack), aUser(stack)];
  print(`demo: Alice is ${hexToNpub(alice.pubkey)}, Bob is ${hexToNpub(bob.pubkey)}`);
  const pins = await fetchPins(stack.arkd.rest, stack.gateway_pubkey);
  await control(stack, "/faucet", { pubkey: alice.pubkey, amount_sats: FUNDING_SATS });
  print(`demo: the faucet gave Alice ${FUNDING_SATS} sats`);

  const nostr = new NostrGatewayClient(stack.relay_urls, alice.signer, stack.gateway_pubkey, await webSocketOption());
  const wallet = new PaymentFlow({
    signer: alice.signer,
    pins,
    vtxoView: () => fetchVtxoView(stack.arkd.rest, alice.pubkey, pins),
    client: alice.client,
    nostr,
    onStep: (step) => printStep(print, step),
  });
  try {
    print(`demo: Alice pays Bob ${NOSTR_SATS} sats over Nostr`);
    await settle(print, wallet.payOverNostr({ recipient: bob.pubkey, amountSats: NOSTR_SATS }));
    print(`demo: Alice pays Bob ${HTTP_SATS} sats over HTTP`);
    await settle(print, wallet.payOverHttp({ recipient: bob.pubkey, amountSats: HTTP_SATS }));
  } finally {
    nostr.close();
  }
  await showBalance(print, "Alice", alice, FUNDING_SATS - NOSTR_SATS - HTTP_SATS - 2 * FEE_SATS);
  await showBalance(print, "Bob", bob, NOSTR_SATS + HTTP_SATS);
  await lift(stack, print, bob);
  await land(stack, print, bob, await landPins(stack, bob, pins));
  await showBalance(print, "Bob", bob, NOSTR_SATS + HTTP_SATS + LIFT_SATS - LAND_SATS - LAND_FEE_SATS);
}

/** Lightning in: a wallet outside the gateway pays Bob's invoice, and Bob has a VTXO. */
async function lift(stack, print, bob) {
  print(`demo: Bob lifts ${LIFT_SATS} sats from Lightning`);
  const startedAt = Date.now();
  const { paymentHash } = await executeLiftFlow(bob, {
    amountSats: LIFT_SATS,
    onInvoice: async ({ bolt11 }) => {
      print(`demo: ${elapsed(startedAt)}  invoice ${bolt11.slice(0, 24)}…, paid from outside`);
      await control(stack, "/lightning/pay", { bolt11 });
    },
  });
  print(`demo: lift: paid in ${Date.now() - startedAt} ms, payment hash ${paymentHash}`);
}

/** A wallet asks once whom lands are paid to, and keeps the answer. */
async function landPins(stack, { signer }, pins) {
  const nostr = new NostrGatewayClient(stack.relay_urls, signer, stack.gateway_pubkey, await webSocketOption());
  try {
    return await pinLandScript(pins, nostr);
  } finally {
    nostr.close();
  }
}

/** Lightning out: Bob pays an invoice of a wallet outside the gateway with a VTXO. */
async function land(stack, print, bob, pins) {
  const { bolt11 } = await control(stack, "/lightning/invoice", { amount_sats: LAND_SATS });
  print(`demo: Bob lands ${LAND_SATS} sats: invoice ${bolt11.slice(0, 24)}… of a wallet outside`);
  const startedAt = Date.now();
  const vtxoView = () => fetchVtxoView(stack.arkd.rest, bob.pubkey, pins);
  const { preimage } = await executeLandFlow(
    { ...bob, pins, vtxoView, onStep: (step) => printStep(print, step) },
    { amountSats: LAND_SATS, invoice: bolt11 },
  );
  print(`demo: land: paid in ${Date.now() - startedAt} ms, proven by the preimage ${preimage}`);
}

function printStep(print, { name, stage, elapsedMs }) {
  print(`demo: ${String(elapsedMs).padStart(6)} ms  ${name.replaceAll("_", " ")}${stage ? ` (${stage})` : ""}`);
}

function elapsed(startedAt) {
  return `${String(Date.now() - startedAt).padStart(6)} ms`;
}

function aUser(stack) {
  const { secretKey, pubkey } = generateKey();
  const signer = secretKeySigner(secretKey);
  return { pubkey, signer, client: new GatewayClient(stack.api_url, { signer, retry: true }) };
}

/** One call of devnet's control API. */
async function control(stack, path, body) {
  const response = await fetch(`${stack.control_url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`devnet answered ${path} with HTTP ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Browsers and newer Nodes have a WebSocket of their own. */
async function webSocketOption() {
  if (typeof WebSocket === "function") return {};
  const { nodeWebSocket } = await import("../packages/sdk/dist/node-web-socket.js");
  return { webSocket: nodeWebSocket };
}

async function settle(print, payment) {
  const { txid, elapsedMs } = await payment;
  print(`demo: settled in ${elapsedMs} ms as ${txid}`);
}

async function showBalance(print, name, user, expectedSats) {
  const deadline = Date.now() + BALANCE_TIMEOUT_MS;
  let sats = await balanceOf(user);
  while (sats !== expectedSats && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    sats = await balanceOf(user);
  }
  if (sats !== expectedSats) throw new Error(`${name} has ${sats} sats at the gateway, not ${expectedSats}`);
  print(`demo: ${name} has ${sats} sats`);
}

async function balanceOf({ client, pubkey }) {
  const balances = await client.getAvailableBalances(pubkey, { as: "owner" });
  return balances.get("gBTC") ?? 0;
}
