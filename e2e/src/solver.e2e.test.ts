import { z } from "zod";

import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { generateKey } from "@arkrelay/sdk/wallet-utils";

import { devnetState, fund, restartDaemon } from "./control-api";
import { eventually } from "./eventually";
import { killProcess } from "./process-killer";
import { type RunningSolver, startSolver } from "./running-solver";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { startSecondRelay } from "./second-relay";
import { seededRandom } from "./seeded-random";
import { aSwappingWallet, type SwappingWallet } from "./swapping-wallet";

const WALLETS = 10;
const SWAPS_EACH = 10;
const SWAPS = WALLETS * SWAPS_EACH;
const TRIES_MAX = 8;
const FUNDED_SATS = 100_000;
const POOL_SATS = 4_000_000;
const POOL_UNITS = 2_000_000;
const FEE_SATS = 10;
const RELAY_DOWN_MS = 6_000;
const SEED = Number(process.env["SOLVER_SEED"] ?? 20_260_901);

jest.setTimeout(420_000);

let relay: Awaited<ReturnType<typeof startSecondRelay>>;
let stack: RunningStack;
let operator: GatewayClient;
let solver: RunningSolver;
let wallets: SwappingWallet[] = [];
const pool = generateKey();
const over = new AbortController();

beforeAll(async () => {
  relay = await startSecondRelay();
  stack = await startStack(["--relay", relay.url]);
  operator = new GatewayClient(stack.info.api_url, { adminKey: stack.info.admin_key });
  await operator.createAsset("gUSD", "Gateway Dollar", "gUSD", POOL_UNITS, { fields: { decimal_places: 2 } });
  await fund(stack.info, pool.pubkey, POOL_SATS / 4, 4);
  await operator.mintAsset("gUSD", pool.pubkey, POOL_UNITS, { waitSeconds: 20 });
  solver = await startSolver(stack.info, pool.secretKey);
  wallets = await Promise.all(
    Array.from({ length: WALLETS }, () => aSwappingWallet(stack.info, solver, "gUSD", over.signal)),
  );
  await Promise.all(wallets.map(({ user }) => fund(stack.info, user.pubkey, FUNDED_SATS)));
}, START_TIMEOUT_MS);

afterAll(async () => {
  over.abort();
  for (const { user } of wallets) user.close();
  await solver?.stop();
  await stack?.stop();
  await relay?.stop();
});

describe(`an AMM over the SDK alone, ${WALLETS} wallets and ${SWAPS} swaps (SOLVER_SEED=${SEED})`, () => {
  it("settles every swap with a relay down and a worker killed, at a product that never falls, and loses nothing", async () => {
    const before = await total();
    const { reserves } = await solver.pool();
    let settled = 0;
    const trouble: Promise<unknown>[] = [];
    const onSettled = (): void => {
      settled += 1;
      if (settled === SWAPS / 5) trouble.push(restartDaemon(stack.info, "relay", RELAY_DOWN_MS));
      if (settled === SWAPS / 2) trouble.push(killProcess(stack, "worker"));
      if (settled === (SWAPS * 3) / 4) trouble.push(solver.restart());
    };
    const failures = await Promise.all(wallets.map((wallet, index) => swapAll(wallet, SEED + index, onSettled)));
    const [, isWorkerKilled] = await Promise.all(trouble);
    expect({ settled, isWorkerKilled, troubles: trouble.length }).toEqual({
      settled: SWAPS,
      isWorkerKilled: true,
      troubles: 3,
    });
    // Whatever did not settle at once was refused in words that the contract or the solver has for it.
    for (const reason of failures.flat()) expect(reason).toMatch(/^(?:refused|failed) [a-z_]+/);

    const after = await solver.pool();
    const product = (held: Readonly<Record<string, number>>) => BigInt(held["gBTC"] ?? 0) * BigInt(held["gUSD"] ?? 0);
    expect(product(after.reserves)).toBeGreaterThanOrEqual(product(reserves));
    expect(await total()).toEqual({ sats: before.sats - 2 * FEE_SATS * SWAPS, units: before.units });
    expect((await devnetState(stack.info)).drift).toBe(0);

    await eventually(async () => {
      const counts = await solver.swapCounts();
      expect({ ...counts, failed: 0, refused: 0 }).toEqual({
        waiting: 0,
        submitted: 0,
        settled: SWAPS,
        failed: 0,
        refused: 0,
      });
      const ended = new Set(["completed", "failed"]);
      expect(Object.keys(await sessionCounts()).filter((status) => !ended.has(status))).toEqual([]);
      for (const { user } of wallets) expect((await user.balance()).reserved).toBe(0);
    });
  });
});

/** How many sessions the gateway has, by status. */
async function sessionCounts(): Promise<Readonly<Record<string, number>>> {
  const headers = { "x-admin-key": stack.info.admin_key };
  const response = await fetch(`${stack.info.api_url}/sessions/stats`, { headers });
  const schema = z.looseObject({ stats: z.looseObject({ status_counts: z.record(z.string(), z.int()) }) });
  return schema.parse(await response.json()).stats.status_counts;
}

/** Sats and units of the pool and all wallets, by arkd's word. */
async function total(): Promise<{ sats: number; units: number }> {
  const { reserves } = await solver.pool();
  const held = await Promise.all(wallets.map((wallet) => wallet.holdings()));
  return {
    sats: held.reduce((sum, { sats }) => sum + sats, reserves["gBTC"] ?? 0),
    units: held.reduce((sum, { units }) => sum + units, reserves["gUSD"] ?? 0),
  };
}

/** Swaps until as many have settled as a wallet has to do; returns why others did not. */
async function swapAll(wallet: SwappingWallet, seed: number, onSettled: () => void): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const failures: string[] = [];
  for (let done = 0; done < SWAPS_EACH;) {
    const { units } = await wallet.holdings();
    const isBuying = units < 2_000 || random() < 0.5;
    const share = 0.2 + random() * 0.6;
    const outcome = isBuying
      ? await wallet.swap("gBTC", 2_000 + Math.floor(random() * 6_000))
      : await wallet.swap("gUSD", Math.max(500, Math.floor(units * share)));
    if (outcome === "settled") {
      done += 1;
      onSettled();
    } else {
      failures.push(outcome);
      if (failures.length > TRIES_MAX) throw new Error(`${failures.join(", ")}\n${solver.output()}`);
    }
  }
  return failures;
}
