import { AppError } from "../errors";
import {
  challengeTemplate,
  confirmationTemplate,
  failureDTag,
  failureTemplate,
  nextCreatedAt,
  notificationTemplate,
} from "./build-events";
import { type ChallengeContent, challengeContentSchema } from "./challenge-content";
import { type NotificationContent, notificationContentSchema } from "./notification-content";
import { type ConfirmationContent, confirmationContentSchema, failureContentSchema } from "./result-content";
import { resultId } from "./result-id";
import { sessionIdOfEvent } from "./session-id";

const AUTHOR = "aa".repeat(32);
const EVENT_ID = "bb".repeat(32);

test("a replacement of the same d is newer than what it replaces, even within one second", () => {
  const now = new Date(1_790_000_000_500);
  expect(nextCreatedAt(now, undefined)).toBe(1_790_000_000);
  expect(nextCreatedAt(now, 1_790_000_000)).toBe(1_790_000_001);
  expect(nextCreatedAt(now, 1_700_000_000)).toBe(1_790_000_000);
});

test("two authors with the same action_id never share a d", () => {
  expect(resultId(AUTHOR, "pay-0001")).not.toBe(resultId("cc".repeat(32), "pay-0001"));
  expect(resultId(AUTHOR, "pay-0001")).toMatch(/^[0-9a-f]{32}$/);
});

test.each(["duplicate_action", "rate_limited"] as const)(
  "a notice (%s) does not replace the action's result",
  (code) => {
    const base = { authorPubkey: AUTHOR, refId: "pay-0001", intentEventId: EVENT_ID };
    const first = failureDTag({ ...base, error: new AppError("fee_invalid") });
    expect(failureDTag({ ...base, error: new AppError(code) })).toBe(`${first}:${EVENT_ID}`);
  },
);

test("a failure's code and an exception's text stay out of its tags and its message is the table's", () => {
  const error = new AppError("internal_error", { message: "socket hang up", internal: "secret" });
  const template = failureTemplate({
    authorPubkey: AUTHOR,
    actionId: "pay-0001",
    refId: "pay-0001",
    error,
    intentEventId: EVENT_ID,
    timestamp: "2026-09-21T14:13:20.000Z",
    createdAt: 1,
  });
  expect(template.tags.map((tag) => tag[0])).toEqual(["d", "p", "e"]);
  expect(failureContentSchema.safeParse(JSON.parse(template.plainText)).error).toBeUndefined();
  expect(JSON.parse(template.plainText)).toMatchObject({
    code: 5003,
    message: "Our fault",
    details: { code: "internal_error" },
  });
});

test("the session of an event is a pure function of its id", () => {
  expect(sessionIdOfEvent(EVENT_ID)).toBe(sessionIdOfEvent(EVENT_ID));
  expect(sessionIdOfEvent(EVENT_ID)).toMatch(/^[0-9a-f]{64}$/);
});

const CHALLENGE: ChallengeContent = {
  session_id: "5e55",
  challenge_id: "c4a1",
  type: "sign_tx",
  stage: "ark_tx",
  step_index: 1,
  step_total: 2,
  items: [
    {
      role: "ark",
      txid: "01".repeat(32),
      input: 0,
      sighash: "02".repeat(32),
      leaf_hash: "03".repeat(32),
      pubkey: "04".repeat(32),
    },
  ],
  ark_psbt: "cHNidA==",
  checkpoint_psbts: ["cHNidA=="],
  params: { signer: "05".repeat(32), checkpoint_tapscript: "51", exit_delay: 512 },
  payload_to_sign: "02".repeat(32),
  payload_ref: `sha256:${"06".repeat(32)}`,
  algo: "BIP340",
  domain: "arkrelay/transfer/v1",
  context: {
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
  },
  expires_at: "2026-09-21T14:13:20.000Z",
};

test("a challenge names its signer, its intent, its end and a d of its own, and nothing in the open", () => {
  const template = challengeTemplate({
    content: CHALLENGE,
    signerPubkey: AUTHOR,
    intentEventId: EVENT_ID,
    createdAt: 1_790_000_000,
  });
  expect(template.tags).toEqual([
    ["d", "5e55:1"],
    ["p", AUTHOR],
    ["e", EVENT_ID],
    ["expiration", "1790000000"],
  ]);
  expect(challengeContentSchema.safeParse(JSON.parse(template.plainText)).error).toBeUndefined();
});

test("a confirmation names every intent it settles and every receiver once", () => {
  const content: ConfirmationContent = {
    status: "success",
    ref_action_id: "pay-0001",
    results: {
      txid: "01".repeat(32),
      inputs: [`${"02".repeat(32)}:0`],
      outputs: [{ vtxo_id: `${"01".repeat(32)}:0`, amount: 5_000, asset_id: "gBTC", recipient: AUTHOR }],
      fee_paid: 10,
      fee_asset_id: "gBTC",
      expires_at: null,
    },
    timestamp: "2026-09-21T14:13:20.000Z",
  };
  const input = { content, authorPubkey: AUTHOR, refId: "pay-0001", intentEventIds: [EVENT_ID], createdAt: 1 };
  const template = confirmationTemplate({ ...input, recipientPubkeys: [AUTHOR, AUTHOR] });
  expect(template.tags).toEqual([
    ["d", resultId(AUTHOR, "pay-0001")],
    ["e", EVENT_ID],
    ["p", AUTHOR],
  ]);
  expect(confirmationContentSchema.safeParse(JSON.parse(template.content)).error).toBeUndefined();
});

test("a notification names its user, its request and its type, and keeps the rest sealed", () => {
  const content: NotificationContent = {
    notification_id: "0a".repeat(16) + ":1",
    type: "payment_received",
    timestamp: "2026-09-21T14:13:20.000Z",
    gateway_pubkey: "0b".repeat(32),
    session_id: "5e55",
    amount: 5_000,
    asset_id: "gBTC",
    payment_hash: "0c".repeat(32),
  };
  const template = notificationTemplate({
    content,
    dTag: content.notification_id,
    userPubkey: AUTHOR,
    refEventId: EVENT_ID,
    createdAt: 1_790_000_000,
  });
  expect(template.tags).toEqual([
    ["d", content.notification_id],
    ["p", AUTHOR],
    ["e", EVENT_ID],
    ["type", "payment_received"],
  ]);
  expect(notificationContentSchema.safeParse(JSON.parse(template.plainText)).error).toBeUndefined();
});
