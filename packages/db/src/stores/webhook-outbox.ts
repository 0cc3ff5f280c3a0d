import { randomUUID } from "node:crypto";

import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";
import type { WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";
import {
  ADMIN_OWNER,
  isSubscribed,
  webhookBody,
  type WebhookAudience,
  type WebhookEvent,
} from "@arkrelay/core/webhook/webhook-event";
import { currentLogContext } from "@arkrelay/runtime/log-context";

import type { Database } from "../connection";
import { readDate } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";
import { insertDeliveries } from "./webhook-delivery-store";
import { ENDPOINT_COLUMNS, OWNER_MAY_READ, toEndpoint } from "./webhook-row";

/** An event for everyone is written for this many endpoints per statement. */
const PAGE = 500;

/** webhook_deliveries as those who announce something write it. Without endpoints an announcement is one indexed look. */
export class DrizzleWebhookOutbox implements WebhookOutbox {
  constructor(
    private readonly database: Pick<Database, "transactions">,
    /** Told after the commit; absent, the sweeper finds the rows. */
    private readonly waker?: Waker,
  ) {}

  async announce(tx: Tx, event: WebhookEvent): Promise<void> {
    const connection = connectionOf(tx);
    const eventId = `evt_${randomUUID().replaceAll("-", "")}`;
    for (let afterId = 0n; ;) {
      const found = await listEndpoints(connection, event.audience, afterId);
      const wanting = found.endpoints.filter(({ events }) => isSubscribed(events, event.type));
      for (const owner of new Set(wanting.map((endpoint) => endpoint.owner))) {
        const own = wanting.filter((endpoint) => endpoint.owner === owner);
        await this.insert(tx, event, eventId, owner, own, found.at);
      }
      if (found.isLast) return;
      afterId = found.endpoints.at(-1)?.id ?? afterId;
    }
  }

  private async insert(
    tx: Tx,
    event: WebhookEvent,
    eventId: string,
    owner: string,
    endpoints: readonly WebhookEndpoint[],
    at: Date,
  ): Promise<void> {
    const body = webhookBody(event.type, at, await event.dataFor(owner), requestIdOf(event));
    const inserted = await insertDeliveries(
      connectionOf(tx),
      owner,
      endpoints.map(({ id: endpointRowId }) => ({
        endpointRowId,
        owner,
        eventId,
        eventType: event.type,
        objectKey: event.objectKey,
        body,
        copy: 0,
      })),
    );
    this.database.transactions.afterEnd(tx, async (isCommitted) => {
      if (isCommitted) await this.waker?.wake(inserted.map(({ wake }) => wake));
    });
  }
}

function requestIdOf(event: WebhookEvent): string | undefined {
  return "requestId" in event ? event.requestId : currentLogContext().requestId;
}

async function listEndpoints(connection: SqlHandle, audience: WebhookAudience, afterId: bigint) {
  const owners = ownersOf(audience);
  // Few owners have few endpoints, and asking for an order would have the whole table read by id. Only everybody's come in pages.
  const condition = owners === undefined ? "" : ` AND e.owner IN (${placeholders(owners)})`;
  const page = owners === undefined ? ` ORDER BY e.id LIMIT ${PAGE}` : "";
  const rows = await connection.selectOnce(
    `SELECT ${ENDPOINT_COLUMNS}, NOW(3) AS now FROM webhook_endpoints e
     WHERE e.status = 'active' AND e.id > ?${condition} AND ${OWNER_MAY_READ}${page}`,
    [afterId, ...(owners ?? [])],
  );
  const [first] = rows;
  return {
    endpoints: rows.map(toEndpoint),
    at: first === undefined ? new Date(0) : readDate(first, "now"),
    isLast: owners !== undefined || rows.length < PAGE,
  };
}

/** undefined = everybody's. The operator's endpoints get whatever they subscribe to. */
function ownersOf(audience: WebhookAudience): readonly string[] | undefined {
  switch (audience.kind) {
    case "everyone":
      return undefined;
    case "admin":
      return [ADMIN_OWNER];
    case "principals":
      return [...new Set([ADMIN_OWNER, ...audience.principals])];
  }
}
