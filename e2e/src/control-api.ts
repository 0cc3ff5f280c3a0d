import { z } from "zod";

import type { StackInfo } from "./running-stack";

const faucetSchema = z.looseObject({ vtxo_ids: z.array(z.string()), txid: z.string() });
const stateSchema = z.looseObject({
  arkd: z.looseObject({ issued_sats: z.int(), live_sats: z.int() }),
  drift: z.int(),
});

/** Gives a key VTXOs of `amountSats` each. */
export async function fund(stack: StackInfo, pubkey: string, amountSats: number, count = 1): Promise<string[]> {
  const body = JSON.stringify({ pubkey, amount_sats: amountSats, count });
  const response = await fetch(`${stack.control_url}/faucet`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  return faucetSchema.parse(await read(response)).vtxo_ids;
}

/** arkd's own book-keeping: what was issued, what is live, and what does not add up. */
export async function arkdState(stack: StackInfo) {
  return stateSchema.parse(await read(await fetch(`${stack.control_url}/state`)));
}

async function read(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.url}: HTTP ${response.status} ${await response.text()}`);
  return response.json();
}
