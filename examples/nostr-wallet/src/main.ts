import { parseArgs } from "node:util";

import { generateSecretKey } from "nostr-tools/pure";

import { readBalances, readPins, readVtxos } from "./account.js";
import { toHex } from "./bytes.js";
import { type GatewayLink, openGatewayLink } from "./gateway-link.js";
import { land, lift } from "./lightning.js";
import { type OnSigned, settle, signIntent, transferIntent } from "./payment.js";
import { readWallet, saveWallet, type Wallet } from "./wallet-file.js";

const HELP = `nostr-wallet <command> [--wallet FILE]

A wallet for sats on Ark that speaks to an ArkRelay Gateway over Nostr and nothing else.

  init --gateway PUBKEY --relay URL…   a new key, and what the gateway says of arkd, pinned for good
  address                              the public key that others pay to
  balance                              what there is, by asset
  sync                                 every VTXO
  lift SATS                            sats in from Lightning: shows an invoice and waits for its payment
  pay PUBKEY SATS                      pays another user of the gateway
  land SATS INVOICE                    pays a Lightning invoice
  resume                               goes on with payments that had no result when the wallet was stopped

  --wallet FILE   where the key is kept; ./nostr-wallet.json when absent. Whoever has the file has the money.
  --help          this text
`;

class UsageError extends Error {}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const saySigned: OnSigned = ({ arkTxid }, stage) => say(`signed ${stage} of ${arkTxid}`);

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      wallet: { type: "string", default: "nostr-wallet.json" },
      gateway: { type: "string" },
      relay: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  const [command, ...rest] = positionals;
  if (values.help || command === undefined) return say(HELP.trimEnd());
  if (command === "init") return init(values.wallet, values.gateway, values.relay);
  const wallet = readWallet(values.wallet);
  const link = openGatewayLink(wallet);
  try {
    await run({ command, rest, file: values.wallet, wallet, link });
  } finally {
    link.close();
  }
}

async function init(file: string, gatewayPubkey: string | undefined, relays: readonly string[]): Promise<void> {
  if (gatewayPubkey === undefined || relays.length === 0) throw new UsageError("init needs --gateway and --relay");
  const secretKey = toHex(generateSecretKey());
  const link = openGatewayLink({ secretKey, gatewayPubkey, relays });
  try {
    const pins = await readPins(link);
    saveWallet(file, { secretKey, gatewayPubkey, relays, pins, payments: {} });
    say(`address ${link.pubkey}`);
    for (const [name, value] of Object.entries(pins)) say(`pinned ${name} ${value}`);
  } finally {
    link.close();
  }
}

interface Run {
  readonly command: string;
  readonly rest: readonly string[];
  readonly file: string;
  readonly wallet: Wallet;
  readonly link: GatewayLink;
}

async function run({ command, rest, file, wallet, link }: Run): Promise<void> {
  const [first = "", second = ""] = rest;
  switch (command) {
    case "address":
      return say(`address ${link.pubkey}`);
    case "balance":
      for (const { asset_id, balance, reserved, available } of await readBalances(link)) {
        say(`${asset_id} ${balance} (${available} available, ${reserved} reserved)`);
      }
      return;
    case "sync": {
      const { vtxos, pages } = await readVtxos(link);
      for (const { vtxo_id, amount, asset_id, status, locked } of vtxos) {
        say(`${vtxo_id} ${amount} ${asset_id} ${status}${locked ? " locked" : ""}`);
      }
      return say(`${vtxos.length} VTXOs in ${pages} pages`);
    }
    case "lift": {
      const { txid } = await lift(link, readSats(first), (invoice) => say(`invoice ${invoice}`));
      return say(`lifted ${first} sats in ${txid}`);
    }
    case "pay": {
      if (!/^[0-9a-f]{64}$/.test(first)) throw new UsageError("the recipient is a public key of 64 hex digits");
      const intent = transferIntent(first, readSats(second), wallet);
      const { txid } = await settle(link, file, signIntent(link, intent), saySigned);
      return say(`paid ${second} sats in ${txid}`);
    }
    case "land": {
      const request = { amountSats: readSats(first), invoice: second };
      const { txid, feeSats, preimage } = await land(link, file, wallet, request, saySigned);
      return say(`landed ${first} sats and ${feeSats} sats fee in ${txid}, preimage ${preimage ?? "not told"}`);
    }
    case "resume":
      return resume(file, wallet, link);
    default:
      throw new UsageError(`there is no command ${command}`);
  }
}

/** One payment that is refused must not keep the others from their second signature. */
async function resume(file: string, wallet: Wallet, link: GatewayLink): Promise<void> {
  for (const [actionId, { intent }] of Object.entries(wallet.payments)) {
    try {
      const { txid } = await settle(link, file, intent, saySigned);
      say(`${actionId} settled in ${txid}`);
    } catch (error) {
      say(`${actionId} ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function readSats(text: string): number {
  const sats = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(sats) || sats === 0) throw new UsageError("SATS is a whole number");
  return sats;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${HELP}`);
  process.exitCode = error instanceof UsageError ? 64 : 1;
});
