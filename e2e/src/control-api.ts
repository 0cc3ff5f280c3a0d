import { z } from "zod";

import type { StackInfo } from "./running-stack";

const faucetSchema = z.looseObject({ vtxo_ids: z.array(z.string()), txid: z.string() });
const stateSchema = z.looseObject({
  arkd: z.looseObject({ issued_sats: z.int(), live_sats: z.int() }),
  lnd: z.looseObject({ channels_sats: z.int(), in_flight_sats: z.int(), outside_sats: z.int() }),
  drift: z.int(),
});
const invoiceSchema = z.looseObject({ payment_hash: z.string(), bolt11: z.string() });
const assetSchema = z.looseObject({ asset_id: z.string() });
const paymentSchema = z.looseObject({
  status: z.enum(["in_flight", "succeeded", "failed"]),
  preimage: z.string().optional(),
  failure_reason: z.string().optional(),
});

/** Gives a key VTXOs of `amountSats` each. */
export async function fund(stack: StackInfo, pubkey: string, amountSats: number, count = 1): Promise<string[]> {
  return faucetSchema.parse(await post(stack, "/faucet", { pubkey, amount_sats: amountSats, count })).vtxo_ids;
}

/** An invoice of a wallet outside the gateway. `hold` = it keeps an incoming payment until `settleOutside` or `cancelOutside`. */
export async function outsideInvoice(stack: StackInfo, amountSats: number, options: { readonly hold?: boolean } = {}) {
  const { payment_hash: paymentHash, bolt11 } = invoiceSchema.parse(
    await post(stack, "/lightning/invoice", { amount_sats: amountSats, expiry: 3_600, ...options }),
  );
  return { paymentHash, bolt11 };
}

/** The outside wallet pays; a hold invoice leaves the payment in flight. */
export async function payFromOutside(stack: StackInfo, bolt11: string) {
  return paymentSchema.parse(await post(stack, "/lightning/pay", { bolt11 }));
}

export async function settleOutside(stack: StackInfo, paymentHash: string): Promise<void> {
  await post(stack, "/lightning/settle", { payment_hash: paymentHash });
}

export async function cancelOutside(stack: StackInfo, paymentHash: string): Promise<void> {
  await post(stack, "/lightning/cancel", { payment_hash: paymentHash });
}

/** A payment that the outside wallet made; undefined = it never tried. */
export async function outsidePayment(stack: StackInfo, paymentHash: string) {
  const response = await fetch(`${stack.control_url}/lightning/payments/${paymentHash}`);
  return response.status === 404 ? undefined : paymentSchema.parse(await read(response));
}

export async function restartDaemon(
  stack: StackInfo,
  target: "arkd" | "lnd" | "tapd" | "relay",
  downMs: number,
): Promise<void> {
  await post(stack, `/restart/${target}`, { down_ms: downMs });
}

/** How long VTXOs live that arkd makes from now on. */
export async function setVtxoLife(stack: StackInfo, seconds: number): Promise<void> {
  await post(stack, "/arkd/settings", { vtxo_tree_expiry_seconds: seconds });
}

/** A fault for the next `times` calls of `method`. */
export async function addFault(stack: StackInfo, fault: Readonly<Record<string, unknown>>): Promise<void> {
  await post(stack, "/faults", fault);
}

export async function clearFaults(stack: StackInfo): Promise<void> {
  await read(await fetch(`${stack.control_url}/faults`, { method: "DELETE" }));
}

/** What only arkd's operator could change; a new digest for everybody. */
export async function changeArkdSettings(stack: StackInfo, settings: Readonly<Record<string, number>>): Promise<void> {
  await post(stack, "/arkd/settings", settings);
}

/** Of arkd, lnd and tapd; the gateway's goes on as it was. What has expired by then is swept. */
export async function advanceClock(stack: StackInfo, seconds: number): Promise<void> {
  await post(stack, "/clock/advance", { seconds });
}

export async function mine(stack: StackInfo, blocks: number): Promise<void> {
  await post(stack, "/mine", { blocks });
}

/** The daemons' own book-keeping: what was issued, what is live, and what does not add up. */
export async function devnetState(stack: StackInfo) {
  return stateSchema.parse(await read(await fetch(`${stack.control_url}/state`)));
}

/** Units of a new asset at the gateway's tapd, all of them in a channel. Returns tapd's id of it. */
export async function openAssetChannel(stack: StackInfo, name: string, units: number): Promise<string> {
  return assetSchema.parse(await post(stack, "/tapd/channel", { name, amount: units })).asset_id;
}

async function post(stack: StackInfo, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${stack.control_url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return read(response);
}

async function read(response: Response): Promise<unknown> {
  if (!response.ok) throw new Error(`${response.url}: HTTP ${response.status} ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}
