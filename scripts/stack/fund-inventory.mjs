import { createRequire } from "node:module";
import path from "node:path";

import { ROOT } from "./paths.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

const FEE_VTXO_SATS = 1_000;
/** Every transfer needs a co-input of the gateway that comes back larger by its fee; this many can be under way at once. */
const FEE_VTXO_COUNT = 100;
/** Below this there are too few to work with, so the faucet is asked again. */
const FEE_SATS_MIN = 20 * FEE_VTXO_SATS;
const TREASURY_SATS = 10_000_000;
/** What lifts are paid out from. */
const STOCK_VTXO_SATS = 100_000;
const STOCK_VTXO_COUNT = 40;
/** Below this a lift of the largest amount would find too little. */
const STOCK_SATS_MIN = 20 * STOCK_VTXO_SATS;

/** Gives the gateway's own wallet keys what a real operator would have deposited: co-inputs for fees, stock, and a treasury. */
export async function fundInventory({ controlUrl, walletSeed, print, feeVtxoCount = FEE_VTXO_COUNT }) {
  const keys = deriveWalletKeys(walletSeed);
  const { arkd } = await call(controlUrl, "GET", "/state");
  const owned = (pubkey) => Number(arkd.by_owner?.[pubkey] ?? 0);
  if (owned(keys.fee.pubkey) < FEE_SATS_MIN) {
    await call(controlUrl, "POST", "/faucet", {
      pubkey: keys.fee.pubkey,
      amount_sats: FEE_VTXO_SATS,
      count: feeVtxoCount,
    });
    print(`the faucet gave the gateway ${feeVtxoCount} co-inputs of ${FEE_VTXO_SATS} sats`);
  }
  if (owned(keys.stock.pubkey) < STOCK_SATS_MIN) {
    await call(controlUrl, "POST", "/faucet", {
      pubkey: keys.stock.pubkey,
      amount_sats: STOCK_VTXO_SATS,
      count: STOCK_VTXO_COUNT,
    });
    print(`the faucet gave the gateway ${STOCK_VTXO_COUNT} pieces of stock of ${STOCK_VTXO_SATS} sats`);
  }
  if (owned(keys.treasury.pubkey) === 0) {
    await call(controlUrl, "POST", "/faucet", { pubkey: keys.treasury.pubkey, amount_sats: TREASURY_SATS });
  }
}

/** The derivation itself lives in core; its built output is loaded, so that there is one. */
function deriveWalletKeys(seedHex) {
  const require = createRequire(import.meta.url);
  const { deriveGatewayKeys } = require(path.join(ROOT, "packages/core/dist/ark/wallet-keys.js"));
  return deriveGatewayKeys(Buffer.from(seedHex, "hex"));
}

async function call(controlUrl, method, route, body) {
  const response = await fetch(new URL(route, controlUrl), {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new StopWithSentence(`devnet answered ${response.status} to ${method} ${route}: ${text}`, 70);
  return text === "" ? undefined : JSON.parse(text);
}
