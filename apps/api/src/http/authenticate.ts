import { createHash } from "node:crypto";

import { AppError } from "@arkrelay/core/errors";
import type { Proof } from "@arkrelay/core/http/access";
import { verifyNip98 } from "@arkrelay/core/http/nip98";
import type { Clock } from "@arkrelay/core/ports/clock";

import type { AdminKeys } from "./admin-key";
import type { KeyRegistry, KnownKey } from "./key-registry";
import type { RequestInfo } from "./request-info";

export interface AuthDeps {
  readonly clock: Clock;
  readonly adminKeys: AdminKeys;
  readonly keys: KeyRegistry;
  /** Without a trailing slash; NIP-98 signs the address clients use, which a proxy may hide from us. */
  readonly publicBaseUrl: string;
}

export interface Credentials {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly rawBody: Buffer;
  readonly request: RequestInfo;
}

export interface Authenticated {
  readonly proof: Proof;
  readonly key: KnownKey | undefined;
  /** Must be used up before the handler runs. */
  readonly singleUse: { readonly eventId: string; readonly until: Date } | undefined;
}

const NOTHING: Authenticated = { proof: { kind: "none" }, key: undefined, singleUse: undefined };

/** Who calls, as far as it is proven. Whatever is sent must be valid, on public routes too. Throws the errors of section 2. */
export async function authenticate(deps: AuthDeps, call: Credentials, adminOnly: boolean): Promise<Authenticated> {
  const adminKey = call.request.header("x-admin-key");
  if (adminOnly || adminKey !== undefined) return authenticateAdmin(deps, adminKey, adminOnly);
  const apiKey = call.request.header("x-api-key");
  if (apiKey !== undefined) return authenticateApiKey(deps, apiKey);
  const authorization = call.request.header("authorization");
  if (authorization === undefined) return NOTHING;
  const [scheme = "", token = "", ...rest] = authorization.trim().split(/ +/);
  if (rest.length > 0) throw invalid("The Authorization header is malformed.");
  if (scheme.toLowerCase() === "bearer") return authenticateApiKey(deps, token);
  if (scheme.toLowerCase() === "nostr") return authenticateNip98(deps, token, call);
  throw invalid("The Authorization scheme must be Nostr or Bearer.");
}

function authenticateAdmin(deps: AuthDeps, sent: string | undefined, adminOnly: boolean): Authenticated {
  if (!adminOnly) {
    if (deps.adminKeys.isEnabled && sent !== undefined && deps.adminKeys.matches(sent)) return asAdmin();
    throw invalid("The admin key is not valid.");
  }
  if (!deps.adminKeys.isEnabled) throw new AppError("admin_disabled");
  if (sent === undefined) throw new AppError("admin_key_required");
  if (!deps.adminKeys.matches(sent)) throw new AppError("admin_key_invalid");
  return asAdmin();
}

function asAdmin(): Authenticated {
  return { ...NOTHING, proof: { kind: "admin" } };
}

async function authenticateApiKey(deps: AuthDeps, sent: string): Promise<Authenticated> {
  const key = await deps.keys.findBySecret(sent);
  if (key === undefined) throw invalid("The API key is not valid.");
  return { proof: { kind: "api_key", key }, key, singleUse: undefined };
}

async function authenticateNip98(deps: AuthDeps, token: string, call: Credentials): Promise<Authenticated> {
  const result = verifyNip98(token, {
    method: call.method,
    url: deps.publicBaseUrl + call.target,
    bodySha256: call.rawBody.length === 0 ? undefined : createHash("sha256").update(call.rawBody).digest("hex"),
    now: deps.clock.now(),
  });
  if (!result.ok) throw invalid(result.reason);
  const key = await deps.keys.findByPubkey(result.pubkey);
  if (key?.isUsable === false) throw invalid("The registered key was revoked or has expired.");
  return {
    proof: { kind: "nip98", pubkey: result.pubkey, key },
    key,
    singleUse: { eventId: result.eventId, until: result.rememberUntil },
  };
}

function invalid(message: string): AppError {
  return new AppError("auth_invalid", { message });
}
