import { bigint, boolean, datetime, int, json, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const signingChallenges = mysqlTable("signing_challenges", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  challengeId: varchar("challenge_id", { length: 64 }).notNull(),
  sessionId: bigint("session_id", { mode: "number" }).notNull(),
  signerPubkey: varchar("signer_pubkey", { length: 64 }).notNull(),
  type: varchar("type", { length: 24 }).notNull(),
  stage: varchar("stage", { length: 24 }),
  openKey: varchar("open_key", { length: 191 }),
  stepIndex: int("step_index").notNull(),
  stepTotal: int("step_total").notNull(),
  payloadRef: varchar("payload_ref", { length: 80 }).notNull(),
  payloadToSign: mediumtext("payload_to_sign"),
  content: json("content").notNull(),
  items: json("items").notNull(),
  algo: varchar("algo", { length: 16 }).notNull(),
  domain: varchar("domain", { length: 64 }).notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  isUsed: boolean("is_used").notNull().default(false),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  answeredAt: datetime("answered_at", { mode: "date", fsp: 3 }),
  wrongAnswers: int("wrong_answers").notNull().default(0),
  challengeEventId: varchar("challenge_event_id", { length: 64 }),
  responseEventId: varchar("response_event_id", { length: 64 }),
});

export const collectedSignatures = mysqlTable("collected_signatures", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  challengeId: bigint("challenge_id", { mode: "number" }).notNull(),
  txid: varchar("txid", { length: 64 }).notNull(),
  input: int("input").notNull(),
  pubkey: varchar("pubkey", { length: 64 }).notNull(),
  signature: varchar("signature", { length: 512 }).notNull(),
  verifiedAt: datetime("verified_at", { mode: "date", fsp: 3 }).notNull(),
});
