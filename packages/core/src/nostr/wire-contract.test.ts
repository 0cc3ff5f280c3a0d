import { createHash } from "node:crypto";

import type { z } from "zod";

import { AppError, type ErrorCode, ERRORS } from "../errors";
import type { NostrEventTemplate } from "../ports/nostr";
import {
  challengeDTag,
  challengeTemplate,
  confirmationTemplate,
  failureContent,
  failureTemplate,
  notificationTemplate,
  type PrivateTemplate,
  serviceResponseTemplate,
} from "./build-events";
import { challengeContentSchema } from "./challenge-content";
import { isInboundKind } from "./kinds";
import { NOTIFICATION_SEQUENCE, notificationContentSchema } from "./notification-content";
import { confirmationContentSchema, failureContentSchema } from "./result-content";
import { resultId } from "./result-id";
import { errorResponse, serviceResponseSchema } from "./service-response";
import { sessionIdOfEvent } from "./session-id";

/**
 * What wallets and solvers wrote their code against, spelled out as they read it: kinds, tags, `d` values, field names, codes. The
 * texts are literal on purpose. A name that changes here changes for everybody who speaks the protocol.
 */

const USER = "aa".repeat(32);
const EVENT_ID = "bb".repeat(32);
const GATEWAY = "0b".repeat(32);
const TXID = "01".repeat(32);
const HASH = "0c".repeat(32);
const VTXO_ID = `${TXID}:0`;
const NOW = "2026-09-21T14:13:20.000Z";
const CREATED_AT = 1_790_000_000;

type Fields = Readonly<Record<string, unknown>>;

/** A content as it stands on the wire: the fields that must be there, and those that may. */
interface WireForm {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly required: Fields;
  readonly optional?: Fields;
}

const outputs = [{ vtxo_id: VTXO_ID, amount: 5_000, asset_id: "gBTC", recipient: USER }];
const confirmation = {
  status: "success",
  ref_action_id: "pay-0001",
  results: { txid: TXID, inputs: [VTXO_ID], outputs, fee_paid: 10, fee_asset_id: "gBTC", expires_at: NOW },
  timestamp: NOW,
};
const { ref_action_id: _refActionId, ...confirmedBatch } = {
  ...confirmation,
  batch_id: "batch-0001",
  ref_action_ids: ["swap-0001", "swap-0002"],
};
const failure = {
  status: "failure",
  ref_action_id: "pay-0001",
  code: 2001,
  message: "The balance is too low",
  details: { code: "insufficient_balance" },
  timestamp: NOW,
};

const context = {
  human: "Send 5000 gBTC",
  stage: "ark_tx",
  intent: { action_id: "pay-0001" },
  amounts: {
    spend: [{ asset_id: "gBTC", amount: 6_000 }],
    receive: [{ asset_id: "gBTC", amount: 5_000 }],
    change: [{ asset_id: "gBTC", amount: 990 }],
    fee: { asset_id: "gBTC", amount: 10 },
  },
  step_index: 1,
  step_total: 2,
  presign: false,
  renew: false,
};
const challengeBase = {
  session_id: "5e55",
  challenge_id: "c4a1",
  step_index: 1,
  step_total: 2,
  payload_to_sign: HASH,
  payload_ref: `sha256:${HASH}`,
  algo: "BIP340",
  domain: "arkrelay/p2p_transfer/v1",
  context,
  expires_at: NOW,
};
const item = { role: "ark", txid: TXID, input: 0, sighash: HASH, leaf_hash: HASH, pubkey: USER };
const signTx = {
  ...challengeBase,
  type: "sign_tx",
  stage: "ark_tx",
  items: [item],
  ark_psbt: "cHNidA==",
  checkpoint_psbts: ["cHNidA=="],
  params: { signer: USER, checkpoint_tapscript: "51", exit_delay: 512 },
};
const signPayload = {
  ...challengeBase,
  type: "sign_payload",
  stage: null,
  payload: { action_id: "note-0001", type: "misc:sign_note", params: { note: 1 } },
};

const signIntentProof = {
  ...challengeBase,
  type: "sign_intent_proof",
  stage: null,
  items: [0, 1].map((input) => ({ ...item, role: "proof", input })),
  proof_psbt: "cHNidA==",
  message: "{}",
  params: signTx.params,
};

const notification = { notification_id: "5e55:1", type: "payment_received", timestamp: NOW, gateway_pubkey: GATEWAY };
const answer = (action: string, status: string, fields: Fields) => ({
  request_id: "request-1",
  action,
  status,
  timestamp: NOW,
  gateway_pubkey: GATEWAY,
  ...fields,
});
const vtxo = {
  vtxo_id: VTXO_ID,
  amount: 5_000,
  amount_sats: 5_000,
  asset_id: "gBTC",
  status: "assigned",
  locked: false,
  expires_at: NOW,
  script: "5120",
};

const FORMS: readonly WireForm[] = [
  {
    name: "31340",
    schema: confirmationContentSchema,
    required: confirmation,
    optional: { results: { ...confirmation.results, payment_hash: HASH, payout_txid: TXID, commitment_txid: TXID } },
  },
  { name: "31340 of a batch", schema: confirmationContentSchema, required: confirmedBatch },
  { name: "31341", schema: failureContentSchema, required: failure },
  { name: "31511 sign_tx", schema: challengeContentSchema, required: signTx },
  { name: "31511 sign_payload", schema: challengeContentSchema, required: signPayload },
  { name: "31511 sign_intent_proof", schema: challengeContentSchema, required: signIntentProof },
  {
    name: "31502",
    schema: notificationContentSchema,
    required: notification,
    optional: {
      request_id: "request-1",
      session_id: "5e55",
      step: 1,
      total_steps: 6,
      progress_percent: 50,
      message: "signing",
      vtxo_id: VTXO_ID,
      amount: 5_000,
      asset_id: "gBTC",
      payment_hash: HASH,
      preimage: HASH,
      error_code: 2008,
    },
  },
  {
    name: "31501 lift_lightning",
    schema: serviceResponseSchema,
    required: answer("lift_lightning", "pending_payment", {
      invoice: "lnbcrt1",
      payment_hash: HASH,
      amount: 5_000,
      asset_id: "gBTC",
      expires_at: NOW,
      fee_estimate: 0,
      session_id: "5e55",
      operation_id: "0e",
    }),
  },
  {
    name: "31501 land_lightning",
    schema: serviceResponseSchema,
    required: answer("land_lightning", "success", {
      asset_id: "gBTC",
      amount: 5_000,
      fee_asset_id: "gBTC",
      fee_amount: 5,
      total_amount: 5_005,
      payment_hash: HASH,
      intent_template: { action_id: "request-1" },
    }),
  },
  {
    name: "31501 sync_state",
    schema: serviceResponseSchema,
    required: answer("sync_state", "success", {
      user_vtxos: [vtxo],
      user_balances: [{ asset_id: "gBTC", balance: 5_000, reserved: 0 }],
      user_scripts: [{ script: "5120", signer_pubkey: USER, exit_delay: 512, address: "tark1" }],
      server: {
        network: "regtest",
        signer_pubkey: USER,
        checkpoint_tapscript: "51",
        unilateral_exit_delay: 512,
        dust: 330,
        max_inputs: 20,
        l2_fee: { asset_id: "gBTC", amount: 10 },
        land_fee_bps: 10,
        land_script: "5120",
      },
      last_sync: NOW,
      next_cursor: "v.1",
    }),
    optional: { stale: true },
  },
  {
    name: "31501 query_balances",
    schema: serviceResponseSchema,
    required: answer("query_balances", "success", {
      balances: [{ asset_id: "gBTC", balance: 5_000, reserved: 0, available: 5_000, vtxo_count: 1 }],
      last_updated: NOW,
    }),
    optional: { vtxos: [vtxo] },
  },
  {
    name: "31501 monitor_status",
    schema: serviceResponseSchema,
    required: answer("monitor_status", "success", {
      session_id: "5e55",
      session_status: "signing",
      ceremony_state: "awaiting_signatures",
      current_step: 2,
      total_steps: 6,
      progress_percent: 30,
      started_at: NOW,
    }),
    optional: { txid: TXID, error_code: 3002 },
  },
  {
    name: "31501 request_challenge",
    schema: serviceResponseSchema,
    required: answer("request_challenge", "pending", { session_id: "5e55" }),
    optional: { challenge_id: "c4a1", expires_at: NOW },
  },
  {
    name: "31501 submit_batch",
    schema: serviceResponseSchema,
    required: answer("submit_batch", "pending", {
      batch_id: "batch-0001",
      members: [{ action_id: "swap-0001", session_id: "5e55" }],
      expires_at: NOW,
    }),
    optional: { txid: TXID },
  },
  {
    name: "31501 renew",
    schema: serviceResponseSchema,
    required: answer("renew", "success", {
      renewals: [{ vtxo_id: VTXO_ID, expires_at: NOW, way: "transfer" }],
      intent_template: {},
    }),
  },
  {
    name: "31501 error",
    schema: serviceResponseSchema,
    required: answer("teleport", "error", {
      error_code: 1008,
      error_message: "Unknown service action",
      details: { code: "unknown_action" },
    }),
    optional: { valid_actions: ["lift_lightning"] },
  },
];

describe.each(FORMS)("the content of a $name", ({ schema, required, optional = {} }) => {
  const accepts = (fields: Fields): boolean => schema.safeParse(fields).success;

  it("has these fields", () => {
    expect(schema.safeParse(required).error).toBeUndefined();
    expect(schema.safeParse({ ...required, ...optional }).error).toBeUndefined();
  });

  it("has each of them always, and no other", () => {
    const lacking = (path: readonly string[]) => without(required, path);
    const needless = pathsOf(required).filter((path) => !isFreeForm(path) && accepts(lacking(path)));
    expect(needless).toEqual([]);
    expect(accepts({ ...required, ...optional, surprise: 1 })).toBe(false);
  });
});

/** Places where the sender is free: error details, the intent as the user wrote it. */
const FREE_FORM: ReadonlySet<string> = new Set(["intent", "intent_template", "payload.params"]);

function isFreeForm(path: readonly string[]): boolean {
  return path.some((_, end) => end > 0 && [...FREE_FORM].some((free) => path.slice(0, end).join(".").endsWith(free)));
}

/** Of every field, those of objects inside and of the first element of each list included. */
function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return Array.isArray(value) ? pathsOf(inner, here) : [here, ...pathsOf(inner, here)];
  });
}

function without(value: unknown, [key, ...rest]: readonly string[]): Fields {
  const copy: unknown = structuredClone(value);
  let place = copy as Record<string, unknown>;
  for (const [depth, name] of [key, ...rest].entries()) {
    if (depth === rest.length) Reflect.deleteProperty(place, String(name));
    else place = place[String(name)] as Record<string, unknown>;
  }
  return copy as Fields;
}

describe("an event", () => {
  const head = ({ kind, tags }: NostrEventTemplate | PrivateTemplate) => ({ kind, tags });
  const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

  it("31501 answers its request under D(request_id)", () => {
    const content = serviceResponseSchema.parse(FORMS.find(({ name }) => name === "31501 query_balances")?.required);
    const dTag = resultId(USER, "request-1");
    const template = { content, dTag, userPubkey: USER, requestEventId: EVENT_ID, createdAt: CREATED_AT };
    expect(head(serviceResponseTemplate(template as Parameters<typeof serviceResponseTemplate>[0]))).toEqual({
      kind: 31501,
      tags: [
        ["d", digest(`${USER}:request-1`)],
        ["p", USER],
        ["e", EVENT_ID],
      ],
    });
  });

  it("31502 names its type in a tag", () => {
    const content = notificationContentSchema.parse(notification);
    const fields = { content, dTag: "5e55:1", userPubkey: USER, createdAt: CREATED_AT };
    const tags = [
      ["d", "5e55:1"],
      ["p", USER],
    ];
    expect(head(notificationTemplate({ ...fields, refEventId: EVENT_ID }))).toEqual({
      kind: 31502,
      tags: [...tags, ["e", EVENT_ID], ["type", "payment_received"]],
    });
    expect(head(notificationTemplate({ ...fields, refEventId: undefined }))).toEqual({
      kind: 31502,
      tags: [...tags, ["type", "payment_received"]],
    });
  });

  it("31511 expires with its challenge, and its answer has the same d", () => {
    const content = challengeContentSchema.parse(signTx);
    const fields = { content, signerPubkey: USER, createdAt: CREATED_AT };
    const expiration = ["expiration", "1790000000"];
    expect(head(challengeTemplate({ ...fields, intentEventId: EVENT_ID }))).toEqual({
      kind: 31511,
      tags: [["d", "5e55:1"], ["p", USER], ["e", EVENT_ID], expiration],
    });
    expect(head(challengeTemplate({ ...fields, intentEventId: undefined }))).toEqual({
      kind: 31511,
      tags: [["d", "5e55:1"], ["p", USER], expiration],
    });
    expect(challengeDTag("5e55", 2)).toBe("5e55:2");
  });

  it("31340 stands under D(action_id) of its author, in the open", () => {
    const template = confirmationTemplate({
      content: confirmationContentSchema.parse(confirmation),
      authorPubkey: USER,
      refId: "pay-0001",
      intentEventIds: [EVENT_ID],
      recipientPubkeys: [GATEWAY],
      createdAt: CREATED_AT,
    });
    expect(head(template)).toEqual({
      kind: 31340,
      tags: [
        ["d", digest(`${USER}:pay-0001`)],
        ["e", EVENT_ID],
        ["p", GATEWAY],
      ],
    });
    expect(JSON.parse(template.content)).toEqual(confirmation);
  });

  it("31341 has the place of the result, and a notice about a reused action_id one of its own", () => {
    const failed = (code: ErrorCode) =>
      head(
        failureTemplate({
          authorPubkey: USER,
          actionId: "pay-0001",
          refId: "pay-0001",
          error: new AppError(code),
          intentEventId: EVENT_ID,
          timestamp: NOW,
          createdAt: CREATED_AT,
        }),
      );
    const rest = [
      ["p", USER],
      ["e", EVENT_ID],
    ];
    const d = digest(`${USER}:pay-0001`);
    expect(failed("insufficient_balance")).toEqual({ kind: 31341, tags: [["d", d], ...rest] });
    expect(failed("duplicate_action")).toEqual({ kind: 31341, tags: [["d", `${d}:${EVENT_ID}`], ...rest] });
  });

  it("names its session by the hash of the intent's id", () => {
    const bytes = Buffer.concat([Buffer.from("arkrelay/session"), Buffer.from(EVENT_ID, "hex")]);
    expect(sessionIdOfEvent(EVENT_ID)).toBe(createHash("sha256").update(bytes).digest("hex"));
  });

  it.each([
    [31500, true],
    [31510, true],
    [31512, true],
    [31501, false],
    [31511, false],
    [31340, false],
    [1, false],
  ])("of kind %s comes in: %s", (kind, comesIn) => {
    expect(isInboundKind(kind)).toBe(comesIn);
  });
});

describe("a notification", () => {
  /** With its place in the `d`: `<subject>:<place>`. */
  it.each([
    ["payment_received", 1],
    ["vtxo_creation", 2],
    ["vtxo_ready", 3],
    ["lift_completed", 4],
    ["land_in_flight", 1],
    ["land_completed", 2],
    ["land_refunded", 3],
  ])("%s has place %s of its subject", (type, place) => {
    expect(notificationContentSchema.safeParse({ ...notification, type }).error).toBeUndefined();
    expect(Object.entries(NOTIFICATION_SEQUENCE)).toContainEqual([type, place]);
  });

  it("is of a type the protocol knows", () => {
    const known = new Set(
      `sync_progress payment_received vtxo_creation vtxo_ready lift_completed land_in_flight land_completed land_refunded
       status_update vtxo_expiring request_error message`.split(/\s+/),
    );
    expect(Object.keys(NOTIFICATION_SEQUENCE).filter((type) => !known.has(type))).toEqual([]);
    expect(notificationContentSchema.safeParse({ ...notification, type: "status_update" }).error).toBeUndefined();
  });
});

/** Text code to integer, for the codes that have an integer of their own; all others are 1000. */
const CODES: Readonly<Record<number, string>> = {
  1001: "signature_invalid",
  1002: "invalid_json invalid_request payload_too_large unsupported_media_type invalid_amount",
  1003: "intent_expired",
  1004: "duplicate_action",
  1005: "wrong_recipient wrong_network",
  1006: "unsupported_type",
  1007: "decryption_failed",
  1008: "unknown_action",
  1009: "rate_limited session_limit",
  2001: "insufficient_balance",
  2002: "vtxo_spent",
  2003: "vtxo_expired",
  2004: "vtxo_locked vtxo_not_owned",
  2005: "asset_unknown asset_inactive",
  2006: "amount_below_minimum amount_above_maximum",
  2007: "invoice_used invoice_invalid invoice_expired invoice_amount_mismatch",
  2008: "payment_failed",
  2009: "proof_invalid",
  2010: "inventory_exhausted",
  2011: "too_many_inputs",
  2012: "asset_not_mintable supply_exceeded reserve_insufficient",
  3001: "batch_invalid",
  3002: "session_expired challenge_expired",
  3003: "signature_mismatch payload_mismatch",
  3004: "session_cancelled",
  4001: "fee_invalid",
  4002: "fee_asset_rejected",
  5001: "daemon_unavailable daemon_auth_failed service_stopped feature_disabled admin_disabled",
  5002: "daemon_rejected",
  5003: "internal_error worker_lost storage_unavailable database_unavailable queue_unavailable not_ready",
};

describe("the integer of a failure", () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const integerOf = (code: ErrorCode) => failureContent({ actionId: "a", error: new AppError(code), timestamp: NOW });
  const expected = new Map(
    Object.entries(CODES).flatMap(([integer, names]) =>
      names.split(" ").map((name) => [name, Number(integer)] as const),
    ),
  );

  it.each([...expected])("%s is %s, in a 31341 and in a 31501", (name, integer) => {
    const code = codes.find((known) => known === name);
    expect(code).toBeDefined();
    if (code === undefined) return;
    expect(integerOf(code)).toMatchObject({ code: integer, details: { code: name } });
    const head = { requestId: "request-1", action: "sync_state" };
    const refused = errorResponse(new AppError(code), {
      head,
      eventId: EVENT_ID,
      gatewayPubkey: GATEWAY,
      timestamp: NOW,
    });
    expect(refused).toMatchObject({ error_code: integer, details: { code: name } });
  });

  it("is 1000 for every code without one of its own", () => {
    const others = codes.filter((code) => !expected.has(code));
    expect(others.filter((code) => integerOf(code).code !== 1000)).toEqual([]);
  });
});
