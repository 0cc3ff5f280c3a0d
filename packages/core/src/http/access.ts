import type { Caller } from "../caller";
import { AppError } from "../errors";
import { KEY_SCOPES } from "./admin";
import type { KeyScope } from "./admin";

/** Section 2 of the HTTP contract as pure rules: what credentials amount to, and which class of caller a route admits. */

export type SolverAuth = "open" | "nip98" | "registered";

/** An entry of the key registry that a request has proven to hold. */
export interface RegisteredKey {
  readonly keyId: string;
  readonly scopes: ReadonlySet<string>;
}

export type Proof =
  | { readonly kind: "none" }
  | { readonly kind: "admin" }
  | { readonly kind: "api_key"; readonly key: RegisteredKey }
  | { readonly kind: "nip98"; readonly pubkey: string; readonly key: RegisteredKey | undefined };

/** Giving away the gateway's own money is never open to strangers. */
const OPEN_SCOPES: ReadonlySet<string> = new Set(KEY_SCOPES.filter((scope) => scope !== "vtxos:assign"));
const NO_SCOPES: ReadonlySet<string> = new Set();

export const ANONYMOUS: Caller = {
  principal: "anonymous",
  isAdmin: false,
  isSolver: false,
  isOpen: false,
  scopes: NO_SCOPES,
};
const OPEN: Caller = { principal: "open", isAdmin: false, isSolver: true, isOpen: true, scopes: OPEN_SCOPES };
const ADMIN: Caller = { principal: "admin", isAdmin: true, isSolver: false, isOpen: false, scopes: NO_SCOPES };

export function toCaller(proof: Proof, solverAuth: SolverAuth): Caller {
  switch (proof.kind) {
    case "none":
      return solverAuth === "open" ? OPEN : ANONYMOUS;
    case "admin":
      return ADMIN;
    case "api_key":
      return {
        principal: `key:${proof.key.keyId}`,
        isAdmin: false,
        isSolver: true,
        isOpen: false,
        scopes: proof.key.scopes,
      };
    case "nip98":
      return {
        principal: `nostr:${proof.pubkey}`,
        pubkey: proof.pubkey,
        isAdmin: false,
        isSolver: proof.key !== undefined || solverAuth !== "registered",
        isOpen: false,
        scopes: proof.key?.scopes ?? OPEN_SCOPES,
      };
  }
}

export interface Admission {
  readonly auth: readonly ("public" | "solver" | "owner" | "admin")[];
  readonly notAdmin: boolean;
  readonly scope: KeyScope | undefined;
}

/**
 * The caller as the route sees it, or the error of section 2. A registered key without the scope may still be the owner of
 * what it asks for, but is no solver then.
 */
export function admit(caller: Caller, route: Admission): Caller {
  if (route.auth.includes("public")) return caller;
  if (caller.isAdmin) {
    if (route.notAdmin) throw new AppError("forbidden", { message: "This route is not for the admin key." });
    return caller;
  }
  if (caller.principal === ANONYMOUS.principal) throw new AppError("auth_required");
  if (route.auth.includes("solver") && caller.isSolver && hasScope(caller, route.scope)) return caller;
  if (route.auth.includes("owner") && (caller.pubkey !== undefined || caller.isOpen))
    return { ...caller, isSolver: caller.isOpen };
  if (route.auth.includes("solver") && caller.isSolver) {
    throw new AppError("scope_missing", {
      message: `The key lacks the scope ${String(route.scope)}.`,
      details: { scope: route.scope },
    });
  }
  throw new AppError("forbidden");
}

function hasScope(caller: Caller, scope: KeyScope | undefined): boolean {
  return scope === undefined || caller.scopes.has(scope);
}
