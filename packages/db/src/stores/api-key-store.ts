import { z } from "zod";

import { AppError } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { isDuplicateKey } from "../driver-errors";
import { nullable, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

const Limits = z.object({
  /** Replaces the default rate of API keys. */
  rate_limit_per_minute: z.number().int().positive().optional(),
  /** Units per day and asset this key may assign; an absent asset is 0. */
  assign_limits: z.record(z.string(), z.number().int().nonnegative()).default({}),
});

export type ApiKeyLimits = z.output<typeof Limits>;

export interface ApiKey {
  readonly id: number;
  /** Opaque `key_…`; the principal is `key:<key_id>`. */
  readonly keyId: string;
  readonly name: string;
  /** `secret`: bearer key; `nostr`: a registered pubkey that signs its requests. */
  readonly kind: "secret" | "nostr";
  /** First characters of a secret key, to recognise it by. */
  readonly prefix: string | undefined;
  readonly pubkey: string | undefined;
  readonly scopes: readonly string[];
  readonly limits: ApiKeyLimits;
  readonly status: "active" | "revoked";
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
  readonly expiresAt: Date | undefined;
}

export interface NewApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly prefix?: string | undefined;
  /** Hex sha256 of the secret; the secret itself is never stored. */
  readonly secretSha256?: string | undefined;
  readonly pubkey?: string | undefined;
  readonly scopes: readonly string[];
  readonly limits?: {
    readonly rate_limit_per_minute?: number;
    readonly assign_limits?: Readonly<Record<string, number>>;
  };
  readonly expiresAt?: Date | undefined;
}

export interface ApiKeyFilter {
  readonly status?: "active" | "revoked" | "expired" | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

export interface ApiKeyChange {
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly limits?: {
    readonly rate_limit_per_minute?: number | null;
    readonly assign_limits?: Readonly<Record<string, number>>;
  };
  readonly expiresAt?: Date | null;
}

const STATUS_CONDITIONS = {
  any: "TRUE",
  revoked: "status = 'revoked'",
  active: "status = 'active' AND (expires_at IS NULL OR expires_at > NOW(3))",
  expired: "status = 'active' AND expires_at <= NOW(3)",
} as const;

const COLUMNS = "id, key_id, name, kind, prefix, pubkey, scopes, limits, status, created_at, last_used_at, expires_at";

/** last_used_at is for people; a write per call would make it the busiest row of the database. */
const TOUCH_SECONDS = 60;

/** Keys of solvers. Looked up by hash, so a secret that is guessed is compared by nobody; revoked and expired rows are returned too. */
export class DrizzleApiKeyStore {
  constructor(private readonly database: SqlHandle) {}

  async findBySecretSha256(secretSha256: string): Promise<ApiKey | undefined> {
    const [row] = await this.database.select(
      `SELECT ${COLUMNS} FROM api_keys WHERE secret_sha256 = ?
       UNION ALL SELECT ${COLUMNS} FROM api_keys WHERE previous_sha256 = ? AND previous_until > NOW(3) LIMIT 1`,
      [secretSha256, secretSha256],
    );
    return row === undefined ? undefined : toApiKey(row);
  }

  async findByPubkey(pubkey: string): Promise<ApiKey | undefined> {
    const [row] = await this.database.select(`SELECT ${COLUMNS} FROM api_keys WHERE pubkey = ?`, [pubkey]);
    return row === undefined ? undefined : toApiKey(row);
  }

  async findByKeyId(keyId: string, tx?: Tx): Promise<ApiKey | undefined> {
    const [row] = await this.handle(tx).select(`SELECT ${COLUMNS} FROM api_keys WHERE key_id = ?`, [keyId]);
    return row === undefined ? undefined : toApiKey(row);
  }

  /** Throws `conflict` when the id, the secret or the pubkey is registered already. With a Tx the row belongs to its effect. */
  async insert(key: NewApiKey, tx?: Tx): Promise<void> {
    try {
      await insertKey(this.handle(tx), key);
    } catch (error) {
      if (isDuplicateKey(error)) throw new AppError("conflict", { details: { field: "key" } });
      throw error;
    }
  }

  /** Keys of SOLVER_API_KEYS: each is imported once. One that was revoked or changed since stays as it is. Returns how many were new. */
  async importOnce(keys: readonly NewApiKey[]): Promise<number> {
    let imported = 0;
    for (const key of keys) {
      try {
        await insertKey(this.database, key);
        imported++;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    }
    return imported;
  }

  /** False when there is no such active key. Processes that cache keys see it within their cache's time. */
  async revoke(keyId: string, tx?: Tx): Promise<boolean> {
    const { affectedRows } = await this.handle(tx).write(
      "UPDATE api_keys SET status = 'revoked' WHERE key_id = ? AND status = 'active'",
      [keyId],
    );
    return affectedRows === 1;
  }

  /** Newest first; a status of `expired` means active by its row, but past its time. */
  async list(filter: ApiKeyFilter): Promise<readonly ApiKey[]> {
    const rows = await this.database.select(
      `SELECT ${COLUMNS} FROM api_keys WHERE id < ? AND ${STATUS_CONDITIONS[filter.status ?? "any"]} ORDER BY id DESC LIMIT ?`,
      [filter.beforeId ?? Number.MAX_SAFE_INTEGER, filter.limit],
    );
    return rows.map(toApiKey);
  }

  /** `null` empties a field, an absent one stays. undefined = no such key. */
  async update(tx: Tx, keyId: string, change: ApiKeyChange): Promise<ApiKey | undefined> {
    const known = await this.findByKeyId(keyId, tx);
    if (known === undefined) return undefined;
    const limits = { ...known.limits, ...change.limits };
    await connectionOf(tx).write(
      "UPDATE api_keys SET name = ?, scopes = ?, limits = ?, expires_at = ? WHERE key_id = ?",
      [
        change.name ?? known.name,
        JSON.stringify(change.scopes ?? known.scopes),
        JSON.stringify(Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== null))),
        (change.expiresAt === undefined ? known.expiresAt : change.expiresAt) ?? null,
        keyId,
      ],
    );
    return this.findByKeyId(keyId, tx);
  }

  /** The secret until now works until `previousUntil`, under the same key_id. False = no such active secret key. */
  async rotate(tx: Tx, keyId: string, secretSha256: string, previousUntil: Date): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE api_keys SET previous_sha256 = secret_sha256, previous_until = ?, secret_sha256 = ?
       WHERE key_id = ? AND kind = 'secret' AND status = 'active'`,
      [previousUntil, secretSha256, keyId],
    );
    return affectedRows === 1;
  }

  private handle(tx: Tx | undefined): SqlHandle {
    return tx === undefined ? this.database : connectionOf(tx);
  }

  async touch(keyId: string): Promise<void> {
    await this.database.write(
      `UPDATE api_keys SET last_used_at = NOW(3)
       WHERE key_id = ? AND (last_used_at IS NULL OR last_used_at < NOW(3) - INTERVAL ? SECOND)`,
      [keyId, TOUCH_SECONDS],
    );
  }
}

async function insertKey(database: SqlHandle, key: NewApiKey): Promise<void> {
  await database.write(
    `INSERT INTO api_keys (key_id, name, kind, prefix, secret_sha256, pubkey, scopes, limits, status, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'active', NOW(3), ?)`,
    [
      key.keyId,
      key.name,
      key.pubkey === undefined ? "secret" : "nostr",
      key.prefix ?? null,
      key.secretSha256 ?? null,
      key.pubkey ?? null,
      JSON.stringify(key.scopes),
      JSON.stringify(key.limits ?? {}),
      key.expiresAt ?? null,
    ],
  );
}

function toApiKey(row: Row): ApiKey {
  return {
    id: readInteger(row, "id"),
    keyId: readText(row, "key_id"),
    name: readText(row, "name"),
    kind: readText(row, "kind") === "nostr" ? "nostr" : "secret",
    prefix: nullable(row, "prefix", readText),
    pubkey: nullable(row, "pubkey", readText),
    scopes: z.array(z.string()).parse(readJson(row, "scopes")),
    limits: Limits.parse(readJson(row, "limits")),
    status: readText(row, "status") === "active" ? "active" : "revoked",
    createdAt: readDate(row, "created_at"),
    lastUsedAt: nullable(row, "last_used_at", readDate),
    expiresAt: nullable(row, "expires_at", readDate),
  };
}
