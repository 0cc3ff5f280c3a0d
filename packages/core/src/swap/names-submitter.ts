import type { SwapParams } from "../nostr/swap-content";
import { readPubkey } from "../pubkey";

/** Whether an intent's content names this key as its solver. */
export function isSolverOf(pubkey: string, { solver_id: named }: { readonly solver_id?: unknown }): boolean {
  return typeof named === "string" && readPubkey(named) === pubkey;
}

/** A batch may only hold intents that know of its submitter: as their solver, their counterparty, or their own author. */
export function namesSubmitter(
  submitterPubkey: string,
  member: {
    readonly authorPubkey: string;
    readonly content: { readonly solver_id?: unknown };
    readonly params: Pick<SwapParams, "counterparties">;
  },
): boolean {
  return (
    member.authorPubkey === submitterPubkey ||
    member.params.counterparties.includes(submitterPubkey) ||
    isSolverOf(submitterPubkey, member.content)
  );
}
