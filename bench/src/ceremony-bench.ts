import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";

import {
  fetchPins,
  fetchVtxoView,
  GatewayClient,
  generateKey,
  PaymentFlow,
  type PaymentStep,
  secretKeySigner,
  type WalletPins,
} from "@arkrelay/sdk";

import { control, type Stack } from "./stack";
import { percentile, spreadOf } from "./statistics";

const FUNDING_SATS = 100_000;
const PAYMENT_SATS = 1_000;

export interface CeremonyResult {
  readonly concurrency: number;
  readonly settled: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly perSecond: number;
  /** Median milliseconds between two entries of session_events, named by what had happened at the end of it. */
  readonly breakdown: Readonly<Record<string, number>>;
  /** Median milliseconds from the wallet's start until each step it sees. */
  readonly walletSteps: Readonly<Record<string, number>>;
  /** Sum of the steps that do not wait for the wallet. */
  readonly gatewayMs: number;
  readonly firstFailure?: string;
}

/** Entries that are written when a wallet's signatures arrive. */
const WALLET_STEPS: ReadonlySet<string> = new Set(["signatures", "ark_sigs_collected", "checkpoint_sigs_collected"]);

interface Payer {
  readonly flow: PaymentFlow;
  readonly recipient: string;
}

/**
 * Transfers over HTTP as a wallet sees them: from signing the intent to "completed", with the SDK's verifier at work. Each of
 * `concurrency` users pays `rounds` times, one payment after the other.
 */
export async function benchCeremony(stack: Stack, concurrency: number, rounds: number): Promise<CeremonyResult> {
  const pins = await fetchPins(stack.arkd.rest, stack.gateway_pubkey);
  const steps = new Map<string, number[]>();
  const onStep = ({ name, elapsedMs }: PaymentStep) => void steps.set(name, [...(steps.get(name) ?? []), elapsedMs]);
  await warmUp(stack, pins);
  const payers = await Promise.all(Array.from({ length: concurrency }, () => makePayer(stack, pins, onStep)));
  const latencies: number[] = [];
  const sessionIds: string[] = [];
  const failures: unknown[] = [];
  const startedAt = performance.now();
  const payRepeatedly = async ({ flow, recipient }: Payer) => {
    for (let round = 0; round < rounds; round += 1) {
      const begunAt = performance.now();
      try {
        const { sessionId } = await flow.payOverHttp({ recipient, amountSats: PAYMENT_SATS });
        latencies.push(performance.now() - begunAt);
        sessionIds.push(sessionId);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(payers.map(payRepeatedly));
  const seconds = (performance.now() - startedAt) / 1000;
  const breakdown = await readBreakdown(stack.database_url, sessionIds);
  return {
    concurrency,
    settled: latencies.length,
    failed: failures.length,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    maxMs: Math.max(...latencies),
    perSecond: latencies.length / seconds,
    breakdown,
    walletSteps: mediansOf(steps),
    gatewayMs: Object.entries(breakdown).reduce((sum, [step, ms]) => (WALLET_STEPS.has(step) ? sum : sum + ms), 0),
    ...(failures.length === 0 ? {} : { firstFailure: String(failures[0]) }),
  };
}

/** Enough for the JIT of every process on the way; not counted. */
const WARM_UP_PAYMENTS = 20;

async function warmUp(stack: Stack, pins: WalletPins): Promise<void> {
  const { flow, recipient } = await makePayer(stack, pins, () => undefined);
  for (let paid = 0; paid < WARM_UP_PAYMENTS; paid += 1)
    await flow.payOverHttp({ recipient, amountSats: PAYMENT_SATS });
}

async function makePayer(stack: Stack, pins: WalletPins, onStep: (step: PaymentStep) => void): Promise<Payer> {
  const { secretKey, pubkey } = generateKey();
  const signer = secretKeySigner(secretKey);
  await control(stack, "/faucet", { pubkey, amount_sats: FUNDING_SATS });
  const flow = new PaymentFlow({
    signer,
    pins,
    // Unsigned calls (the stack runs SOLVER_AUTH=open): pure JS signatures of 50 wallets in this one process would otherwise
    // be most of what is measured. The payment itself is verified and signed in full.
    client: new GatewayClient(stack.api_url, { retry: true, timeoutMs: 60_000 }),
    onStep,
    vtxoView: () => fetchVtxoView(stack.arkd.rest, pubkey, pins),
  });
  return { flow, recipient: generateKey().pubkey };
}

async function readBreakdown(databaseUrl: string, sessionIds: readonly string[]): Promise<Record<string, number>> {
  const connection = await createConnection({ uri: databaseUrl });
  const durations = new Map<string, number[]>();
  try {
    for (const sessionId of sessionIds) await addDurations(connection, sessionId, durations);
  } finally {
    await connection.end();
  }
  return mediansOf(durations);
}

function mediansOf(values: ReadonlyMap<string, readonly number[]>): Record<string, number> {
  return Object.fromEntries([...values].map(([step, list]) => [step, spreadOf(list).median]));
}

async function addDurations(
  connection: Connection,
  sessionId: string,
  durations: Map<string, number[]>,
): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT e.event, JSON_VALUE(e.data, '$.ceremony_state') AS state, UNIX_TIMESTAMP(e.at) * 1000 AS at_ms
     FROM session_events e JOIN signing_sessions s ON s.id = e.session_id WHERE s.session_id = ? ORDER BY e.seq`,
    [sessionId],
  );
  let previousMs: number | undefined;
  for (const row of rows) {
    const state: unknown = row["state"];
    const step = typeof state === "string" ? state : String(row["event"]);
    const atMs = Number(row["at_ms"]);
    if (previousMs !== undefined) durations.set(step, [...(durations.get(step) ?? []), atMs - previousMs]);
    previousMs = atMs;
  }
}
