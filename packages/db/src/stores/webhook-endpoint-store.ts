import { assert } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type {
  NewWebhookEndpoint,
  WebhookEndpointChange,
  WebhookEndpointStore,
} from "@arkrelay/core/ports/webhook-stores";
import type { WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { readInteger } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { countUnderLock } from "./counter-store";
import { ENDPOINT_COLUMNS, toCallsJson, toEndpoint } from "./webhook-row";
import { sealContextOf } from "./webhook-seal";

/** webhook_endpoints. Secrets are sealed under ENCRYPTION_KEY, bound to their row and column. */
export class DrizzleWebhookEndpointStore implements WebhookEndpointStore {
  constructor(
    private readonly database: Pick<Database, "select">,
    private readonly sealer: Sealer,
  ) {}

  async countOfOwner(tx: Tx, owner: string): Promise<number> {
    const connection = connectionOf(tx);
    // An owner has no row of its own, so its counter of such calls stands for it.
    await countUnderLock(connection, { scope: "webhook_endpoints", subject: owner, name: "created" });
    const [row] = await connection.select("SELECT COUNT(*) AS n FROM webhook_endpoints WHERE owner = ?", [owner]);
    return readInteger(row ?? {}, "n");
  }

  async insert(tx: Tx, endpoint: NewWebhookEndpoint): Promise<WebhookEndpoint> {
    const { insertId } = await connectionOf(tx).write(
      `INSERT INTO webhook_endpoints (endpoint_id, owner, url, events, description, ordered, secret, status, calls, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, 'active', '[]', NOW(3), NOW(3))`,
      [
        endpoint.endpointId,
        endpoint.owner,
        endpoint.url,
        JSON.stringify(endpoint.events),
        endpoint.description ?? null,
        endpoint.ordered,
        this.sealer.seal(endpoint.secret, sealContextOf("secret", endpoint.endpointId)),
      ],
    );
    return getById(connectionOf(tx), BigInt(insertId));
  }

  async find(endpointId: string): Promise<WebhookEndpoint | undefined> {
    return findOne(this.database, "e.endpoint_id = ?", endpointId);
  }

  async lock(tx: Tx, endpointId: string): Promise<WebhookEndpoint | undefined> {
    return findOne(connectionOf(tx), "e.endpoint_id = ? FOR UPDATE", endpointId);
  }

  async list(owner: string | undefined, limit: number, beforeId: bigint | undefined) {
    const rows = await this.database.select(
      `SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints e WHERE e.id < ? AND (e.owner = ? OR ?) ORDER BY e.id DESC LIMIT ?`,
      [beforeId ?? Number.MAX_SAFE_INTEGER, owner ?? "", owner === undefined, limit],
    );
    return rows.map(toEndpoint);
  }

  async update(tx: Tx, endpoint: WebhookEndpoint, change: WebhookEndpointChange): Promise<WebhookEndpoint> {
    const { assignments, values } = assignmentsOf(change);
    const connection = connectionOf(tx);
    // The text depends on which fields change, so it is sent without being prepared.
    await connection.writeOnce(
      `UPDATE webhook_endpoints SET ${[...assignments, "updated_at = NOW(3)"].join(", ")} WHERE id = ?`,
      [...values, endpoint.id],
    );
    return getById(connection, endpoint.id);
  }

  async rotateSecret(tx: Tx, endpoint: WebhookEndpoint, secret: string, previousValidUntil: Date): Promise<void> {
    const connection = connectionOf(tx);
    const previous = await this.openSecret(connection, endpoint);
    // Sealed anew: the column is part of what binds a sealed value to its place.
    await connection.write(
      "UPDATE webhook_endpoints SET previous_secret = ?, previous_valid_until = ?, secret = ?, updated_at = NOW(3) WHERE id = ?",
      [
        this.sealer.seal(previous, sealContextOf("previous_secret", endpoint.endpointId)),
        previousValidUntil,
        this.sealer.seal(secret, sealContextOf("secret", endpoint.endpointId)),
        endpoint.id,
      ],
    );
  }

  async delete(tx: Tx, endpoint: WebhookEndpoint): Promise<void> {
    const connection = connectionOf(tx);
    await connection.write("DELETE FROM webhook_endpoints WHERE id = ?", [endpoint.id]);
    await connection.write("DELETE FROM webhook_deliveries WHERE endpoint_id = ? AND status = 'pending'", [
      endpoint.id,
    ]);
  }

  private async openSecret(connection: SqlHandle, { id, endpointId }: WebhookEndpoint): Promise<string> {
    const [row] = await connection.select("SELECT secret FROM webhook_endpoints WHERE id = ?", [id]);
    assert(row !== undefined && typeof row["secret"] === "string", "a locked endpoint has its secret");
    return this.sealer.open(row["secret"], sealContextOf("secret", endpointId)).toString("utf8");
  }
}

async function findOne(
  handle: Pick<SqlHandle, "select">,
  condition: string,
  param: SqlParam,
): Promise<WebhookEndpoint | undefined> {
  const [row] = await handle.select(`SELECT ${ENDPOINT_COLUMNS} FROM webhook_endpoints e WHERE ${condition}`, [param]);
  return row === undefined ? undefined : toEndpoint(row);
}

async function getById(handle: Pick<SqlHandle, "select">, id: bigint): Promise<WebhookEndpoint> {
  const endpoint = await findOne(handle, "e.id = ?", id);
  assert(endpoint !== undefined, `webhook endpoint row ${id} is there`);
  return endpoint;
}

function assignmentsOf(change: WebhookEndpointChange): { assignments: string[]; values: SqlParam[] } {
  const assignments: string[] = [];
  const values: SqlParam[] = [];
  const set = (column: string, value: SqlParam | undefined): void => {
    if (value === undefined) return;
    assignments.push(`${column} = ?`);
    values.push(value);
  };
  set("url", change.url);
  set("events", change.events === undefined ? undefined : JSON.stringify(change.events));
  set("description", change.description);
  set("ordered", change.ordered);
  set("status", change.status);
  set("disabled_reason", change.disabledReason);
  set("failure_count", change.failureCount);
  set("failing_since", change.failingSince);
  set("calls", change.calls === undefined ? undefined : toCallsJson(change.calls));
  return { assignments, values };
}
