import {
  GatewayClient,
  NostrGatewayClient,
  PaymentFlow,
  fetchPins,
  fetchVtxoView,
  generateKey,
  hexToNpub,
  secretKeySigner,
} from "../packages/sdk/dist/sdk.js";

const FUNDING_SATS = 100_000;
const NOSTR_SATS = 25_000;
const HTTP_SATS = 10_000;
const FEE_SATS = 10;
/** How long the gateway's mirror of a balance may take to follow arkd. */
const BALANCE_TIMEOUT_MS = 10_000;

/**
 * Two new users, one of them funded by the development faucet, and two payments between them: one over Nostr, one over
 * HTTP, each verified and signed by the wallet half of the SDK. Prints every step with its time.
 * @param {object} stack content of stack.json
 * @param {(line: string) => void} print
 * @throws when a payment does not settle or a balance is not what it must be
 */
export async function runDemo(stack, print) {
  const [alice, bob] = [aUser(stack), aUser(stack)];
  print(`demo: Alice is ${hexToNpub(alice.pubkey)}, Bob is ${hexToNpub(bob.pubkey)}`);
  const pins = await fetchPins(stack.arkd.rest, stack.gateway_pubkey);
  await fund(stack, alice.pubkey);
  print(`demo: the faucet gave Alice ${FUNDING_SATS} sats`);

  const nostr = new NostrGatewayClient(stack.relay_urls, alice.signer, stack.gateway_pubkey, await webSocketOption());
  const wallet = new PaymentFlow({
    signer: alice.signer,
    pins,
    vtxoView: () => fetchVtxoView(stack.arkd.rest, alice.pubkey, pins),
    client: alice.client,
    nostr,
    onStep: ({ name, stage, elapsedMs }) =>
      print(`demo: ${String(elapsedMs).padStart(6)} ms  ${name.replaceAll("_", " ")}${stage ? ` (${stage})` : ""}`),
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
}

function aUser(stack) {
  const { secretKey, pubkey } = generateKey();
  const signer = secretKeySigner(secretKey);
  return { pubkey, signer, client: new GatewayClient(stack.api_url, { signer, retry: true }) };
}

async function fund(stack, pubkey) {
  const response = await fetch(`${stack.control_url}/faucet`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ pubkey, amount_sats: FUNDING_SATS }),
  });
  if (!response.ok) throw new Error(`the faucet answered HTTP ${response.status}: ${await response.text()}`);
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
