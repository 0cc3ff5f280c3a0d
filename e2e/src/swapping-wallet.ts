import { CeremonyTimeoutError, PaymentFailedError } from "@arkrelay/sdk/errors";
import { PaymentFlow } from "@arkrelay/sdk/payment-flow";
import { pinAssets } from "@arkrelay/sdk/pin-assets";

import type { RunningSolver } from "./running-solver";
import type { StackInfo } from "./running-stack";
import { type WalletUser, aUser } from "./wallet-user";

export interface Holdings {
  readonly sats: number;
  readonly units: number;
}

/** A user who swaps with the example solver, and asks it what became of an order. */
export interface SwappingWallet {
  readonly user: WalletUser;
  holdings(): Promise<Holdings>;
  /** `settled`, or why not; nothing has moved then. */
  swap(inAsset: string, inAmount: number): Promise<string>;
}

const VALID_SECONDS = 300;
const TIMEOUT_MS = 120_000;
const LOOK_MS = 300;
/** The least of a quote that a wallet still takes, in percent: others trade between the quote and the swap. */
const LEAST_PERCENT = 97;

export async function aSwappingWallet(
  stack: StackInfo,
  solver: RunningSolver,
  assetId: string,
  signal: AbortSignal,
): Promise<SwappingWallet> {
  const user = await aUser(stack);
  const pins = await pinAssets(user.flowOptions.pins, user.client, [assetId]);
  const arkAssetId = pins.assets?.[assetId];
  const flow = new PaymentFlow({ ...user.flowOptions, pins, allowPresign: true });
  return {
    user,
    holdings: async () => {
      const live = [...(await user.flowOptions.vtxoView()).values()].filter(({ isSpent }) => !isSpent);
      const assets = live.flatMap((vtxo) => vtxo.assets).filter((held) => held.assetId === arkAssetId);
      return {
        sats: live.reduce((sum, vtxo) => sum + Number(vtxo.amountSats), 0),
        units: assets.reduce((sum, { amount }) => sum + Number(amount), 0),
      };
    },
    swap: async (inAsset, inAmount) => {
      const quote = await solver.quote(inAsset, inAmount);
      if (quote === undefined) return "no quote";
      const { pool_id, solver_id, out_asset, out_amount } = quote;
      const params = {
        pool_id,
        in_asset: inAsset,
        in_amount: inAmount,
        out_asset,
        min_out_amount: Math.floor((out_amount * LEAST_PERCENT) / 100),
        fee_asset_id: "gBTC",
        fee_amount: 10,
      };
      const expiresAt = Math.floor(Date.now() / 1000) + VALID_SECONDS;
      const actionId = `swap-${crypto.randomUUID()}`;
      const { event } = await user.nostr.signIntent(actionId, "amm:swap", params, expiresAt, { solver_id });
      const refused = watchRefusal(solver, event.id);
      try {
        await flow.resumeOverNostr(event, {
          timeoutMs: TIMEOUT_MS,
          signal: AbortSignal.any([refused.signal, signal]),
        });
        return "settled";
      } catch (error) {
        if (refused.reason() !== undefined) return refused.reason() ?? "";
        return describe(error);
      } finally {
        refused.stop();
      }
    },
  };
}

/** The typed end of an order; anything else is a fault of the test's, or of what it tests. */
function describe(error: unknown): string {
  if (error instanceof PaymentFailedError) return `failed ${error.code}`;
  if (error instanceof CeremonyTimeoutError) return "timeout";
  throw error;
}

/** Aborts once the solver says that it will not trade an order: the gateway tells nobody of what no solver took. */
function watchRefusal(solver: RunningSolver, eventId: string) {
  const stopped = new AbortController();
  const refused = new AbortController();
  let reason: string | undefined;
  void (async () => {
    while (!stopped.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const swap = await solver.swap(eventId).catch(() => undefined);
      if (swap?.status !== "refused" && swap?.status !== "failed") continue;
      reason = `${swap.status} ${swap.reason}`;
      refused.abort();
      return;
    }
  })();
  return { signal: refused.signal, reason: () => reason, stop: () => stopped.abort() };
}
