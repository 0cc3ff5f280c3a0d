import * as reply from "../response-schemas.js";
import type { CallOptions, HttpTransport } from "./http-transport.js";

export interface NewApiKey {
  readonly name: string;
  readonly kind?: "secret" | "nostr";
  /** 64 hex; with kind `nostr` only. */
  readonly pubkey?: string;
  readonly scopes?: readonly string[];
}

/** What is left out stays as it is. */
export interface ApiKeyChange {
  readonly name?: string;
  readonly scopes?: readonly string[];
  /** null = the gateway's default. */
  readonly rate_limit_per_minute?: number | null;
  /** ISO 8601; null = never. */
  readonly expires_at?: string | null;
}

export type AdminCalls = ReturnType<typeof createAdminCalls>;

/** The routes that need `X-Admin-Key`, grouped as `client.admin.apiKeys.create(…)`. */
export function createAdminCalls(http: HttpTransport) {
  const asAdmin = <T extends CallOptions>(options: T) => ({ as: "admin" as const, ...options });
  const pathOf = (id: string) => `/admin/api-keys/${encodeURIComponent(id)}`;
  return {
    apiKeys: {
      create: (body: NewApiKey, options: CallOptions = {}) =>
        http.call({
          method: "POST",
          path: "/admin/api-keys",
          body: { ...body },
          reply: reply.apiKeyCreated,
          ...asAdmin(options),
        }),
      list: (query: Readonly<Record<string, string | number | boolean | undefined>> = {}, options: CallOptions = {}) =>
        http.call({ method: "GET", path: "/admin/api-keys", query, reply: reply.apiKeyList, ...asAdmin(options) }),
      get: (id: string, options: CallOptions = {}) =>
        http.call({ method: "GET", path: pathOf(id), reply: reply.apiKeyRead, ...asAdmin(options) }),
      update: (id: string, change: ApiKeyChange, options: CallOptions = {}) =>
        http.call({
          method: "PATCH",
          path: pathOf(id),
          body: { ...change },
          reply: reply.apiKeyRead,
          ...asAdmin(options),
        }),
      /** The new secret, shown this once; the old one is accepted for `graceHours` more (default 24). */
      rotate: (id: string, graceHours?: number, options: CallOptions = {}) =>
        http.call({
          method: "POST",
          path: `${pathOf(id)}/rotate`,
          body: { grace_hours: graceHours },
          reply: reply.apiKeyRotated,
          ...asAdmin(options),
        }),
      revoke: async (id: string, options: CallOptions = {}): Promise<void> => {
        await http.call({ method: "DELETE", path: pathOf(id), reply: reply.nothing, ...asAdmin(options) });
      },
    },
  };
}
