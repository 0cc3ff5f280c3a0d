import { runBackfill } from "./backfill";
import { EventQueue, type QueuedEvent } from "./event-queue";
import type { RelayClient } from "./relay-client";
import type { RelayFilter } from "./relay-message";

/** Who takes what relays deliver. Implemented by the process that stores events. */
export interface RelayIngest {
  /** What is asked for; since, until and limit are added here. */
  readonly filter: RelayFilter;
  /** Unix seconds: a live event older than this would not be accepted anyway. */
  liveSince(): number;
  /** Unix seconds from which this relay is read again. */
  backfillSince(url: string): Promise<number>;
  /**
   * Stores events; resolves once they are safe, with the newest created_at among those whose time was right. `stored` = the
   * relay had them before we subscribed. Rejects when they could not be stored: the connection is made anew and reads them again.
   */
  take(url: string, events: readonly unknown[], stored: boolean): Promise<number | undefined>;
  /** Everything this relay had up to `createdAt` has been taken. */
  saveCursor(url: string, createdAt: number): Promise<void>;
}

/**
 * Reads one relay until the client closes. The live subscription is open before the backfill starts, so that nothing falls
 * between them. The cursor stands still until the backfill is through: a crash before must not skip what it had not read yet.
 */
export async function runRelayIngest(url: string, client: RelayClient, ingest: RelayIngest): Promise<void> {
  const queue = new EventQueue({ pause: () => client.pause(), resume: () => client.resume() });
  const cursor = createCursor(url, ingest);
  let stored = true;
  client.subscribe(
    { ...ingest.filter, since: ingest.liveSince() },
    (raw) => queue.push({ raw, stored }),
    () => (stored = false),
  );
  void client.closed.then(() => queue.end());
  const live = takeLive(url, queue, ingest, cursor);
  const backfill = takeBackfill(url, client, ingest, cursor);
  try {
    await Promise.all([live, backfill]);
  } finally {
    client.close();
    await Promise.allSettled([live, backfill]);
  }
}

interface Cursor {
  note(createdAt: number | undefined): Promise<void>;
  release(): Promise<void>;
}

function createCursor(url: string, ingest: RelayIngest): Cursor {
  let newest = 0;
  let saved = 0;
  let isReleased = false;
  const save = async (): Promise<void> => {
    if (!isReleased || newest <= saved) return;
    saved = newest;
    await ingest.saveCursor(url, newest);
  };
  return {
    note(createdAt) {
      newest = Math.max(newest, createdAt ?? 0);
      return save();
    },
    release() {
      isReleased = true;
      return save();
    },
  };
}

async function takeLive(url: string, queue: EventQueue, ingest: RelayIngest, cursor: Cursor): Promise<void> {
  for await (const batch of queue.batches()) {
    for (const part of splitByOrigin(batch)) {
      await cursor.note(await ingest.take(url, part.events, part.stored));
    }
  }
}

async function takeBackfill(url: string, client: RelayClient, ingest: RelayIngest, cursor: Cursor): Promise<void> {
  await runBackfill({
    filter: ingest.filter,
    since: await ingest.backfillSince(url),
    request: (filter) => client.request(filter),
    take: async (events) => cursor.note(await ingest.take(url, events, true)),
  });
  await cursor.release();
}

/** The first batch after EOSE may hold both kinds. */
function splitByOrigin(batch: readonly QueuedEvent[]): { events: unknown[]; stored: boolean }[] {
  return [true, false].flatMap((stored) => {
    const events = batch.filter((event) => event.stored === stored).map((event) => event.raw);
    return events.length === 0 ? [] : [{ events, stored }];
  });
}
