import { AppError } from "../errors";
import { thrownBy } from "../testing/thrown-by";
import { serviceResponseTemplate } from "./build-events";
import { parseServiceRequest, readRequestHead, SERVICE_ACTIONS } from "./service-request";
import { errorResponse, serviceResponseSchema } from "./service-response";

const LIFT = { request_id: "req-0001", action: "lift_lightning", asset_id: "BTC", amount: 5_000 };
const LAND = {
  request_id: "req-0002",
  action: "land_lightning",
  asset_id: "gBTC",
  amount: 5_000,
  lightning_invoice: "lnbcrt1",
};

const textOf = (fields: object): string => JSON.stringify(fields);

test("a lift is read with its asset under the one name, and says nothing about another user", () => {
  const request = parseServiceRequest(
    textOf({ ...LIFT, memo: "tea", preferred_expiry: 600, user_pubkey: "ff".repeat(32) }),
  );
  expect(request).toMatchObject({
    action: "lift_lightning",
    requestId: "req-0001",
    assetId: "gBTC",
    amount: 5_000n,
    memo: "tea",
    preferredExpirySeconds: 600,
  });
});

test("a land is read with its invoice", () => {
  expect(parseServiceRequest(textOf(LAND))).toMatchObject({ action: "land_lightning", lightningInvoice: "lnbcrt1" });
});

test("the time of sending makes no other request of it, another amount does", () => {
  const first = parseServiceRequest(textOf({ ...LIFT, timestamp: 1 }));
  expect(parseServiceRequest(textOf({ ...LIFT, timestamp: 2 })).contentHash).toBe(first.contentHash);
  expect(parseServiceRequest(textOf({ ...LIFT, amount: 5_001 })).contentHash).not.toBe(first.contentHash);
});

test("an action this gateway does not serve is answered with those it does", () => {
  expect(thrownBy(() => parseServiceRequest(textOf({ request_id: "req-0003", action: "teleport" })))).toMatchObject({
    code: "unknown_action",
    details: { valid_actions: SERVICE_ACTIONS },
  });
});

test.each([
  ["no JSON", "?", "invalid_json"],
  ["an unknown key", textOf({ ...LIFT, speed: 1 }), "invalid_request"],
  ["a short id", textOf({ ...LIFT, request_id: "short" }), "invalid_request"],
  ["no amount", textOf({ ...LIFT, amount: undefined }), "invalid_request"],
  ["a fraction", textOf({ ...LIFT, amount: 1.5 }), "invalid_request"],
  ["nothing", textOf({ ...LIFT, amount: 0 }), "invalid_amount"],
  ["an amount as text", textOf({ ...LIFT, amount: "5" }), "invalid_amount"],
  ["an expiry below a minute", textOf({ ...LIFT, preferred_expiry: 59 }), "invalid_request"],
  ["a land without an invoice", textOf({ ...LAND, lightning_invoice: undefined }), "invalid_request"],
])("%s is refused", (_name, text, code) => {
  expect(thrownBy(() => parseServiceRequest(text))).toMatchObject({ code });
});

test("what a broken request says about itself is kept for its answer", () => {
  expect(readRequestHead(textOf({ ...LIFT, amount: 0 }))).toEqual({ requestId: "req-0001", action: "lift_lightning" });
  expect(readRequestHead("?")).toEqual({ requestId: undefined, action: undefined });
});

test("an error answer carries the table's text and number, and no exception", () => {
  const error = new AppError("unknown_action", {
    message: "socket hang up",
    details: { valid_actions: SERVICE_ACTIONS },
  });
  const head = { requestId: undefined, action: undefined };
  const facts = { gatewayPubkey: "0b".repeat(32), timestamp: "2026-09-21T14:13:20.000Z" };
  const content = errorResponse(error, { head, eventId: "ee".repeat(32), ...facts });
  expect(content).toMatchObject({ request_id: "ee".repeat(32), error_code: 1008, valid_actions: SERVICE_ACTIONS });
  expect(JSON.stringify(content)).not.toContain("hang up");
  expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
});

test("an answer names its user and its request in the open and nothing else", () => {
  const error = new AppError("invalid_request");
  const facts = { gatewayPubkey: "0b".repeat(32), timestamp: "2026-09-21T14:13:20.000Z" };
  const content = errorResponse(error, { head: readRequestHead(textOf(LIFT)), eventId: "ee".repeat(32), ...facts });
  const template = serviceResponseTemplate({
    content,
    dTag: "d1",
    userPubkey: "aa".repeat(32),
    requestEventId: "ee".repeat(32),
    createdAt: 1,
  });
  expect(template.tags).toEqual([
    ["d", "d1"],
    ["p", "aa".repeat(32)],
    ["e", "ee".repeat(32)],
  ]);
});
