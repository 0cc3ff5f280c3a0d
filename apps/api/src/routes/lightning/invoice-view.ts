import { actsAsOwner, mayRead, type Caller } from "@arkrelay/core/caller";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../../api-deps";

/** A lift or land with its session, and whether the caller is one of those it is about. */
export interface VisibleInvoice {
  readonly operation: LightningOperation;
  readonly session: Session | undefined;
  readonly isParty: boolean;
}

/**
 * The invoice of a hash as the caller may see it. The claimed one is public by its exact hash; of lands that only quote a hash each
 * caller sees its own newest, and nobody anybody else's. undefined = none.
 */
export async function findVisibleInvoice(
  deps: ApiDeps,
  caller: Caller,
  paymentHash: string,
): Promise<VisibleInvoice | undefined> {
  const { operations } = deps.session;
  const party = { userPubkey: caller.pubkey, createdBy: caller.isSolver ? caller.principal : undefined };
  const own = await operations.findByHash(undefined, paymentHash, party);
  const found = own ?? (await operations.findByHash(undefined, paymentHash));
  if (!found) return undefined;
  const session = await deps.session.sessions.find(found.sessionId);
  const isParty =
    actsAsOwner(caller, found.userPubkey) || caller.isAdmin || (session !== undefined && mayRead(caller, session));
  const isPublic = found.claimedHash !== undefined;
  return isPublic || isParty ? { operation: found, session, isParty } : undefined;
}

/** Msat as sats, rounded up: a cost is never shown smaller than it was. */
export function toSatsUp(msat: bigint): number {
  return Number((msat + 999n) / 1000n);
}
