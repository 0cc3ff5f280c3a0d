import { bigint, datetime, int, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const nostrEvents = mysqlTable("nostr_events", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  eventId: varchar("event_id", { length: 64 }).notNull(),
  kind: int("kind").notNull(),
  pubkey: varchar("pubkey", { length: 64 }).notNull(),
  dTag: varchar("d_tag", { length: 255 }),
  requestKey: varchar("request_key", { length: 255 }),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  direction: varchar("direction", { length: 8 }).notNull(),
  relay: varchar("relay", { length: 255 }),
  raw: mediumtext("raw"),
  status: varchar("status", { length: 16 }).notNull(),
  errorCode: varchar("error_code", { length: 64 }),
  receivedAt: datetime("received_at", { mode: "date", fsp: 3 }).notNull(),
  processedAt: datetime("processed_at", { mode: "date", fsp: 3 }),
  wakeSeq: bigint("wake_seq", { mode: "number" }).notNull().default(1),
  wokenAt: datetime("woken_at", { mode: "date", fsp: 3 }),
  nextAt: datetime("next_at", { mode: "date", fsp: 3 }),
  attempts: int("attempts").notNull().default(0),
  attemptToken: varchar("attempt_token", { length: 64 }),
  attemptLeaseUntil: datetime("attempt_lease_until", { mode: "date", fsp: 3 }),
  lostAttempts: int("lost_attempts").notNull().default(0),
});

export const nostrPeers = mysqlTable("nostr_peers", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  pubkey: varchar("pubkey", { length: 64 }).notNull(),
  dmScheme: varchar("dm_scheme", { length: 8 }).notNull(),
  lastSeen: datetime("last_seen", { mode: "date", fsp: 3 }).notNull(),
});

export const nostrRelays = mysqlTable("nostr_relays", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  url: varchar("url", { length: 255 }).notNull(),
  lastCreatedAt: datetime("last_created_at", { mode: "date", fsp: 3 }),
  lastConnected: datetime("last_connected", { mode: "date", fsp: 3 }),
  lastError: varchar("last_error", { length: 500 }),
});

export const nostrOutbox = mysqlTable("nostr_outbox", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  eventId: varchar("event_id", { length: 64 }).notNull(),
  kind: int("kind").notNull(),
  dTag: varchar("d_tag", { length: 255 }),
  relay: varchar("relay", { length: 255 }).notNull(),
  raw: mediumtext("raw").notNull(),
  subject: varchar("subject", { length: 191 }).notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  attempts: int("attempts").notNull().default(0),
  nextAt: datetime("next_at", { mode: "date", fsp: 3 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  ackedAt: datetime("acked_at", { mode: "date", fsp: 3 }),
  lastError: varchar("last_error", { length: 500 }),
});
