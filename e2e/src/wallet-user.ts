import { pinLandScript } from "@arkrelay/sdk/account";
import { fetchPins, fetchVtxoView } from "@arkrelay/sdk/ark-indexer";
import type { WalletPins } from "@arkrelay/sdk/ark-script";
import { GatewayClient, type GatewayClientOptions } from "@arkrelay/sdk/gateway-client";
import { nodeWebSocket } from "@arkrelay/sdk/node-web-socket";
import { NostrGatewayClient } from "@arkrelay/sdk/nostr-client";
import { PaymentFlow, type PaymentFlowOptions } from "@arkrelay/sdk/payment-flow";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import type { Signer } from "@arkrelay/sdk/signer";
import { generateKey } from "@arkrelay/sdk/wallet-utils";

import type { StackInfo } from "./running-stack";

/** One user with a fresh key: client, Nostr connection and wallet, as an application would hold them. */
export interface WalletUser {
  readonly secretKey: Uint8Array;
  readonly pubkey: string;
  readonly signer: Signer;
  readonly client: GatewayClient;
  readonly nostr: NostrGatewayClient;
  readonly flowOptions: PaymentFlowOptions;
  readonly wallet: PaymentFlow;
  balance(): Promise<{ balance: number; reserved: number }>;
  liveSatsAtArkd(): Promise<bigint>;
  close(): void;
}

const landScripts = new Map<string, string>();

/** Whom lands are paid to is asked once per gateway and kept, as an application would; by a key of its own, which stays empty. */
async function readPins(stack: StackInfo): Promise<WalletPins> {
  const pins = await fetchPins(stack.arkd.rest, stack.gateway_pubkey);
  const known = landScripts.get(stack.gateway_pubkey);
  if (known !== undefined) return { ...pins, landScript: known };
  const nostr = openNostr(stack, secretKeySigner(generateKey().secretKey));
  const pinned = await pinLandScript(pins, nostr).finally(() => nostr.close());
  if (pinned.landScript !== undefined) landScripts.set(stack.gateway_pubkey, pinned.landScript);
  return pinned;
}

function openNostr(stack: StackInfo, signer: Signer): NostrGatewayClient {
  return new NostrGatewayClient(stack.relay_urls, signer, stack.gateway_pubkey, { webSocket: nodeWebSocket });
}

export async function aUser(stack: StackInfo, options: GatewayClientOptions = {}): Promise<WalletUser> {
  const { secretKey, pubkey } = generateKey();
  const signer = secretKeySigner(secretKey);
  const client = new GatewayClient(stack.api_url, { signer, retry: true, ...options });
  const nostr = openNostr(stack, signer);
  const pins = await readPins(stack);
  const vtxoView = () => fetchVtxoView(stack.arkd.rest, pubkey, pins);
  const flowOptions = { signer, pins, vtxoView, client, nostr };
  return {
    secretKey,
    pubkey,
    signer,
    client,
    nostr,
    flowOptions,
    wallet: new PaymentFlow(flowOptions),
    balance: async () => {
      const { balances } = await client.getUserBalances(pubkey, { as: "owner" });
      const gbtc = balances.find((entry) => entry.asset_id === "gBTC");
      return { balance: gbtc?.balance ?? 0, reserved: gbtc?.reserved_balance ?? 0 };
    },
    liveSatsAtArkd: async () =>
      [...(await vtxoView()).values()].reduce((sum, vtxo) => sum + (vtxo.isSpent ? 0n : vtxo.amountSats), 0n),
    close: () => nostr.close(),
  };
}
