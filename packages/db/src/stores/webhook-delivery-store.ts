import { randomUUID } from "node:crypto";

import { assert } from "@arkrelay/core/errors";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";
import type {
  DeliveryFilter,
  DeliveryPosition,
  ReplayFilter,
  WebhookDeliveryStore,
} from "@arkrelay/core/ports/webhook-stores";
import type {
  DeliveryWait,
  EndpointSecrets,
  WebhookDelivery,
  WebhookEndpoint,
} from "@arkrelay/core/webhook/webhook-endpoint";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { nullable, readBigint, readDate, readBoolean, readInteger, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf, writeLater } from "../transactions";
import { placeholders, toWake, WORK_TABLES } from "./job-work-tables";
import { DELIVERY_COLUMNS, ENDPOINT_COLUMNS, OWNER_MAY_READ, readCalls, toDelivery, toEndpoint } from "./webhook-row";
import { sealContextOf } from "./webhook-seal";

/** One delivery as it is written. */
export interface NewDelivery {
  readonly endpointRowId: bigint;
  readonly owner: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly objectKey: string;
  readonly body: string;
  readonly copy: number;
}

/** Beyond it everything of an owner queues behind everybody else's anyway, and counting further would cost. */
const BACKLOG_MAX = 1_000;

/** Inserts deliveries of one owner, due at once. Returns their ids with their wakes. */
export async function insertDeliveries(
  connection: SqlHandle,
  owner: string,
  deliveries: readonly NewDelivery[],
): Promise<readonly { readonly deliveryId: string; readonly wake: Wake }[]> {
  const [counted] = await connection.select(
    `SELECT COUNT(*) AS n, NOW(3) AS now FROM
       (SELECT 1 FROM webhook_deliveries WHERE owner = ? AND status = 'pending' LIMIT ${BACKLOG_MAX}) waiting`,
    [owner],
  );
  const priority = 1 + readInteger(counted ?? {}, "n");
  const runAt = readDate(counted ?? {}, "now");
  const rows = deliveries.map((delivery) => ({ ...delivery, deliveryId: `whd_${randomUUID().replaceAll("-", "")}` }));
  await connection.writeOnce(
    `INSERT INTO webhook_deliveries (delivery_id, endpoint_id, owner, event_id, event_type, object_key, body, status, copy, attempt_log,
       priority, created_at, next_at)
     VALUES ${rows.map(() => "(?, ?, ?, ?, ?, ?, ?, 'pending', ?, '[]', ?, ?, ?)").join(", ")}`,
    rows.flatMap((row): SqlParam[] => [
      row.deliveryId,
      row.endpointRowId,
      owner,
      row.eventId,
      row.eventType,
      row.objectKey,
      row.body,
      row.copy,
      priority,
      runAt,
      runAt,
    ]),
  );
  return rows.map(({ deliveryId }) => ({
    deliveryId,
    wake: { task: "webhook_deliver", rowKey: deliveryId, wakeSeq: 1, runAt, priority, owner },
  }));
}

/** webhook_deliveries, and the calls on their endpoints. */
export class DrizzleWebhookDeliveryStore implements WebhookDeliveryStore {
  constructor(
    private readonly database: Pick<Database, "select" | "selectOnce">,
    private readonly sealer: Sealer,
  ) {}

  async insert(
    tx: Tx,
    endpoint: WebhookEndpoint,
    { eventId, eventType, objectKey, body }: Parameters<WebhookDeliveryStore["insert"]>[2],
  ) {
    const connection = connectionOf(tx);
    // The caller holds the endpoint's lock: nobody else counts copies now.
    const [row] = await connection.select(
      "SELECT COALESCE(MAX(copy) + 1, 0) AS copy FROM webhook_deliveries WHERE endpoint_id = ? AND event_id = ?",
      [endpoint.id, eventId],
    );
    const { id: endpointRowId, owner } = endpoint;
    const copy = readInteger(row ?? {}, "copy");
    const [inserted] = await insertDeliveries(connection, owner, [
      { endpointRowId, owner, eventId, eventType, objectKey, body, copy },
    ]);
    assert(inserted !== undefined, "one delivery was inserted");
    return inserted;
  }

  async find(endpointRowId: bigint, deliveryId: string): Promise<WebhookDelivery | undefined> {
    const [row] = await this.database.select(
      `SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries d WHERE d.delivery_id = ? AND d.endpoint_id = ?`,
      [deliveryId, endpointRowId],
    );
    return row === undefined ? undefined : toDelivery(row);
  }

  async list(endpointRowId: bigint, { status }: DeliveryFilter, limit: number, beforeId: bigint | undefined) {
    const [condition, values] = status === undefined ? ["", []] : [" AND d.status = ?", [status]];
    const rows = await this.database.select(
      `SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries d WHERE d.endpoint_id = ? AND d.id < ?${condition} ORDER BY d.id DESC LIMIT ?`,
      [endpointRowId, beforeId ?? Number.MAX_SAFE_INTEGER, ...values, limit],
    );
    return rows.map(toDelivery);
  }

  async listForReplay(endpointRowId: bigint, filter: ReplayFilter, limit: number, afterId: bigint) {
    const { statuses, since, eventTypes } = filter;
    const types = eventTypes === undefined ? "" : ` AND d.event_type IN (${placeholders(eventTypes)})`;
    const rows = await this.database.selectOnce(
      `SELECT ${DELIVERY_COLUMNS} FROM webhook_deliveries d
       WHERE d.endpoint_id = ? AND d.id > ? AND d.copy = 0 AND d.status IN (${placeholders(statuses)})
         AND d.created_at >= ?${types} ORDER BY d.id LIMIT ?`,
      [endpointRowId, afterId, ...statuses, since ?? new Date(0), ...(eventTypes ?? []), limit],
    );
    return rows.map(toDelivery);
  }

  async lockPosition(tx: Tx, deliveryId: string): Promise<DeliveryPosition | undefined> {
    const connection = connectionOf(tx);
    const [known] = await connection.select("SELECT endpoint_id FROM webhook_deliveries WHERE delivery_id = ?", [
      deliveryId,
    ]);
    if (known === undefined) return undefined;
    const [endpointRow] = await connection.select(
      `SELECT ${ENDPOINT_COLUMNS}, e.calls, ${OWNER_MAY_READ} AS may_read FROM webhook_endpoints e WHERE e.id = ? FOR UPDATE`,
      [readBigint(known, "endpoint_id")],
    );
    const [row] = await connection.select(
      `SELECT ${DELIVERY_COLUMNS}, EXISTS (SELECT 1 FROM webhook_deliveries x WHERE x.endpoint_id = d.endpoint_id
         AND x.object_key = d.object_key AND x.status = 'pending' AND x.id < d.id AND x.copy = 0) AS has_earlier
       FROM webhook_deliveries d WHERE d.delivery_id = ?`,
      [deliveryId],
    );
    if (row === undefined) return undefined;
    const isGone = endpointRow === undefined || !readBoolean(endpointRow, "may_read");
    return {
      delivery: toDelivery(row),
      endpoint: isGone ? undefined : toEndpoint(endpointRow),
      calls: endpointRow === undefined ? [] : readCalls(endpointRow),
      hasEarlier: readInteger(row, "has_earlier") === 1,
    };
  }

  async openSecrets(tx: Tx, endpoint: WebhookEndpoint, now: Date): Promise<EndpointSecrets> {
    const [row] = await connectionOf(tx).select(
      "SELECT secret, previous_secret, previous_valid_until FROM webhook_endpoints WHERE id = ?",
      [endpoint.id],
    );
    assert(row !== undefined, "a locked endpoint has its secret");
    const until = nullable(row, "previous_valid_until", readDate);
    const isPreviousValid = until !== undefined && until > now;
    return {
      current: this.open(row, "secret", endpoint),
      previous: isPreviousValid ? this.open(row, "previous_secret", endpoint) : undefined,
    };
  }

  setWait(tx: Tx, delivery: WebhookDelivery, wait: DeliveryWait | undefined): Promise<void> {
    if (wait === undefined) {
      writeLater(tx, "UPDATE webhook_deliveries SET waits_for = NULL WHERE id = ?", [delivery.id]);
      return Promise.resolve();
    }
    writeLater(tx, "UPDATE webhook_deliveries SET waits_for = ? WHERE id = ?", [wait, delivery.id]);
    return Promise.resolve();
  }

  async recordAttempt(
    tx: Tx,
    delivery: WebhookDelivery,
    { status, attempt, responseExcerpt }: Parameters<WebhookDeliveryStore["recordAttempt"]>[2],
  ): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE webhook_deliveries SET status = ?, attempts = attempts + 1, attempt_log = ?, response_status = ?, response_excerpt = ?,
         latency_ms = ?, finished_at = IF(? = 'pending', NULL, NOW(3)) WHERE id = ? AND status = 'pending'`,
      [
        status,
        JSON.stringify([...delivery.attemptLog, attempt]),
        attempt.response_status,
        responseExcerpt ?? null,
        attempt.latency_ms,
        status,
        delivery.id,
      ],
    );
  }

  async close(tx: Tx, delivery: WebhookDelivery): Promise<void> {
    await connectionOf(tx).write(
      "UPDATE webhook_deliveries SET status = 'failed', finished_at = NOW(3) WHERE id = ? AND status = 'pending'",
      [delivery.id],
    );
  }

  wakeNextForSlot(tx: Tx, endpointRowId: bigint): Promise<Wake | undefined> {
    return wakeFirst(connectionOf(tx), "endpoint_id = ? AND waits_for = 'slot'", [endpointRowId]);
  }

  wakeNextInOrder(tx: Tx, delivery: WebhookDelivery): Promise<Wake | undefined> {
    const { endpointRowId, objectKey, id } = delivery;
    return wakeFirst(
      connectionOf(tx),
      "endpoint_id = ? AND object_key = ? AND status = 'pending' AND id > ? AND waits_for = 'order'",
      [endpointRowId, objectKey, id],
    );
  }

  async releaseWaiting(tx: Tx, endpointRowId: bigint): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE webhook_deliveries SET ${AWAKE} WHERE endpoint_id = ? AND waits_for = 'endpoint' AND status = 'pending'`,
      [endpointRowId],
    );
  }

  private open(row: Row, column: "secret" | "previous_secret", { endpointId }: WebhookEndpoint): string {
    return this.sealer.open(readText(row, column), sealContextOf(column, endpointId)).toString("utf8");
  }
}

/** Also right while a worker is just about to put it to rest: its end sees that wake_seq has grown, and the row runs again. */
const AWAKE = "waits_for = NULL, next_at = NOW(3), wake_seq = wake_seq + 1, woken_at = NULL";

async function wakeFirst(
  connection: SqlHandle,
  condition: string,
  params: readonly SqlParam[],
): Promise<Wake | undefined> {
  const [found] = await connection.select(
    `SELECT id FROM webhook_deliveries WHERE ${condition} ORDER BY id LIMIT 1 FOR UPDATE`,
    params,
  );
  if (found === undefined) return undefined;
  const id = readBigint(found, "id");
  await connection.write(`UPDATE webhook_deliveries SET ${AWAKE} WHERE id = ?`, [id]);
  const table = WORK_TABLES.webhook_deliveries;
  const [row] = await connection.select(
    `SELECT ${table.key}, ${table.wakeColumns} FROM webhook_deliveries WHERE id = ?`,
    [id],
  );
  assert(row !== undefined, "a row just updated");
  return toWake(table, row);
}
