import { dustOf } from "../ceremony/ark-limits";
import { AppError } from "../errors";
import { freshStock } from "../payout/choose-payout-coins";
import { readGatewayPubkeys } from "../payout/gateway-pubkeys";
import { lockOwnerOf } from "../payout/payout";
import { type PayoutOrder, takeStock } from "../payout/take-stock";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { SessionChange } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import type { Freshness } from "../ports/vtxo-store";
import type { RenewalReserve, Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { assertRenewable } from "./judge-renewal";
import { renewedParts } from "./renewed-parts";

const DAY_MS = 86_400_000;

/**
 * Holds what a renewal will be paid from, before its user signs anything: stock of the same sats and units, and the key's share of the
 * day. Errors: rate_limited above the daily limit, inventory_exhausted, asset_unknown, asset_inactive.
 */
export async function reserveRenewal(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  coins: readonly Vtxo[],
  info: ArkServerInfo,
): Promise<RenewalReserve> {
  await assertRenewable(deps.assets, tx, coins);
  const order = renewalOrder(session, renewedParts(coins, dustOf(info)));
  const budget = await takeBudget(deps, tx, session.userPubkey, order.amountSats);
  const wallet = await readGatewayPubkeys(deps.vtxos, info);
  const stock = await takeStock({ ...deps, wallet }, tx, info, order, [], outliving(deps, coins));
  if (stock === undefined) {
    throw new AppError("inventory_exhausted", { details: { asset_id: GBTC }, retryAfterSeconds: 60 });
  }
  return { ...budget, vtxoIds: stock.map(({ vtxoId }) => vtxoId) };
}

/** Stock that outlives every one of these VTXOs by a day, or nothing would be renewed; and that users are given at all. */
export function outliving(
  deps: Pick<SessionDeps, "clock" | "config">,
  coins: readonly Pick<Vtxo, "expiresAt">[],
): Freshness {
  const fresh = freshStock(deps);
  const latestMs = Math.max(...coins.map(({ expiresAt }) => expiresAt?.getTime() ?? 0));
  return { ...fresh, minExpiresAt: new Date(Math.max(fresh.minExpiresAt.getTime(), latestMs + DAY_MS)) };
}

/** The payout that a renewal leads to. */
export function renewalOrder(
  { sessionId, userPubkey }: Pick<Session, "sessionId" | "userPubkey">,
  parts: NonNullable<PayoutOrder["parts"]>,
): PayoutOrder & { readonly kind: "renew" } {
  const amountSats = parts.reduce((sum, part) => sum + part.amountSats, 0n);
  return {
    kind: "renew",
    businessId: sessionId,
    ownerPubkey: userPubkey,
    assetId: GBTC,
    amount: amountSats,
    amountSats,
    parts,
  };
}

/** Of a session that lets its challenge 1 go, or ends: part of its move, so that nothing is given back twice. */
export function withoutReserve({ renewalReserve }: Session): Pick<SessionChange, "renewalReserve"> {
  return renewalReserve === undefined ? {} : { renewalReserve: null };
}

/** Gives back what was held for a session as it was before its move. */
export async function releaseRenewal(
  deps: Pick<SessionDeps, "vtxos" | "budgets">,
  tx: Tx,
  { sessionId, userPubkey, renewalReserve }: Session,
): Promise<void> {
  if (renewalReserve === undefined) return;
  await deps.vtxos.unlock(tx, lockOwnerOf({ kind: "renew", businessId: sessionId }));
  const { day, sats } = renewalReserve;
  await deps.budgets.giveBack(tx, { name: budgetOf(userPubkey), day, amount: sats });
}

async function takeBudget(
  { budgets, clock, config }: SessionDeps,
  tx: Tx,
  userPubkey: string,
  sats: bigint,
): Promise<Pick<RenewalReserve, "day" | "sats">> {
  const now = clock.now();
  const day = now.toISOString().slice(0, 10);
  const budget = { name: budgetOf(userPubkey), day, limit: config.renewDailySats, wanted: sats };
  if ((await budgets.reserve(tx, budget)) === sats) return { day, sats };
  const tomorrowMs = Math.floor(now.getTime() / DAY_MS + 1) * DAY_MS;
  throw new AppError("rate_limited", {
    message: `At most ${config.renewDailySats} sats of a key are renewed in a day.`,
    retryAfterSeconds: Math.ceil((tomorrowMs - now.getTime()) / 1000),
  });
}

function budgetOf(userPubkey: string): string {
  return `renew:${userPubkey}`;
}
