import {
  executeLandFlow,
  executeLiftFlow,
  fetchPins,
  fetchVtxoView,
  GatewayClient,
  generateKey,
  NostrGatewayClient,
  pinLandScript,
  secretKeySigner,
} from "@arkrelay/sdk";
import { nodeWebSocket } from "@arkrelay/sdk/node-web-socket";

import { control, type Stack } from "./stack";
import { percentile } from "./statistics";

const LIFT_SATS = 5_000;
const LAND_SATS = 2_000;
const FUNDING_SATS = 1_000_000;
/** Enough for the JIT of every process on the way; not counted. */
const WARM_UP_ROUNDS = 5;
const DOWN_MS = 3_000;
const RECOVERY_TIMEOUT_MS = 60_000;
const RECOVERY_PROBE_MS = 50;

export interface LightningResult {
  readonly rounds: number;
  readonly failed: number;
  readonly lift: { readonly p50Ms: number; readonly p99Ms: number };
  readonly land: { readonly p50Ms: number; readonly p99Ms: number };
  /** From the moment lnd is back until the next lift gets its invoice. */
  readonly recoveryMs: number;
  readonly firstFailure?: string;
}

/**
 * One user, one lift or land after the other, over HTTP: from the call until the wallet knows the end, the outside wallet's payment
 * included. Then lnd is stopped for three seconds, and the next lift is asked for again and again.
 */
export async function benchLightning(stack: Stack, rounds: number): Promise<LightningResult> {
  const user = await makeUser(stack);
  const lifts: number[] = [];
  const lands: number[] = [];
  const failures: unknown[] = [];
  const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    try {
      await work();
      into.push(performance.now() - startedAt);
    } catch (error) {
      failures.push(error);
    }
  };
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const isCounted = round >= 0;
    await timed(isCounted ? lifts : [], () => lift(stack, user));
    await timed(isCounted ? lands : [], () => land(stack, user));
  }
  return {
    rounds,
    failed: failures.length,
    lift: { p50Ms: percentile(lifts, 50), p99Ms: percentile(lifts, 99) },
    land: { p50Ms: percentile(lands, 50), p99Ms: percentile(lands, 99) },
    recoveryMs: await measureRecovery(stack, user),
    ...(failures.length === 0 ? {} : { firstFailure: String(failures[0]) }),
  };
}

type User = Awaited<ReturnType<typeof makeUser>>;

async function makeUser(stack: Stack) {
  const { secretKey, pubkey } = generateKey();
  const signer = secretKeySigner(secretKey);
  const nostr = new NostrGatewayClient(stack.relay_urls, signer, stack.gateway_pubkey, { webSocket: nodeWebSocket });
  const pins = await pinLandScript(await fetchPins(stack.arkd.rest, stack.gateway_pubkey), nostr);
  nostr.close();
  await control(stack, "/faucet", { pubkey, amount_sats: FUNDING_SATS });
  return {
    pubkey,
    pins,
    signer,
    // Unsigned calls: see ceremony-bench.ts.
    client: new GatewayClient(stack.api_url, { retry: false, timeoutMs: 60_000 }),
    vtxoView: () => fetchVtxoView(stack.arkd.rest, pubkey, pins),
  };
}

async function lift(stack: Stack, user: User): Promise<void> {
  await executeLiftFlow(user, {
    amountSats: LIFT_SATS,
    onInvoice: async ({ bolt11 }) => void (await control(stack, "/lightning/pay", { bolt11 })),
  });
}

async function land(stack: Stack, user: User): Promise<void> {
  const { bolt11 } = (await control(stack, "/lightning/invoice", { amount_sats: LAND_SATS })) as { bolt11: string };
  await executeLandFlow(user, { amountSats: LAND_SATS, invoice: bolt11 });
}

async function measureRecovery(stack: Stack, { client, pubkey }: User): Promise<number> {
  await control(stack, "/restart/lnd", { down_ms: DOWN_MS });
  const backAt = performance.now() + DOWN_MS;
  const { payment_hash: paymentHash } = await client.lightningLift(pubkey, "gBTC", LIFT_SATS, { as: "owner" });
  while (performance.now() < backAt + RECOVERY_TIMEOUT_MS) {
    const { bolt11_invoice: bolt11 } = await client.getInvoice(paymentHash);
    if (bolt11) return performance.now() - backAt;
    await new Promise((resolve) => setTimeout(resolve, RECOVERY_PROBE_MS));
  }
  return Number.NaN;
}
