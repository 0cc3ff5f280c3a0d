/** Who calls, as far as it is proven. Made by the API's authentication, read by use cases; never taken from a body. */
export interface Caller {
  /** `admin`, `open`, `anonymous`, `key:<key_id>` or `nostr:<pubkey>`: what rows are stamped with (`created_by`, `owner`). */
  readonly principal: string;
  /** The key that signed the request (NIP-98), 64 hex. */
  readonly pubkey?: string;
  /** Where the call came from: an IPv4 address or an IPv6 /64. */
  readonly address?: string;
  readonly isAdmin: boolean;
  /** A registered key, any NIP-98 signer under SOLVER_AUTH=nip98, or the `open` principal. */
  readonly isSolver: boolean;
  /** The unsigned principal of SOLVER_AUTH=open (development only): counts as every owner. */
  readonly isOpen: boolean;
  readonly scopes: ReadonlySet<string>;
}

/** Whether the caller has proven to be the key that owns a resource. */
export function actsAsOwner(caller: Caller, ownerPubkey: string): boolean {
  return caller.isOpen || caller.pubkey === ownerPubkey;
}

/**
 * Whom limits per caller count. Nostr keys cost nothing to make, so who calls with one counts by its address; an API key counts by
 * itself wherever it is used from.
 */
export function countedAs({ principal, address }: Caller): string {
  return principal.startsWith("key:") || address === undefined ? principal : `ip:${address}`;
}

/** Whether a row is the caller's to see: as its owner, as the solver that made it, or as the operator. */
export function mayRead(caller: Caller, row: { readonly userPubkey: string; readonly createdBy: string }): boolean {
  return (
    caller.isAdmin || actsAsOwner(caller, row.userPubkey) || (caller.isSolver && row.createdBy === caller.principal)
  );
}
