import { AppError } from "../errors";
import { failureDTag, failureTemplate, nextCreatedAt } from "./build-events";
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

test("the notice about a reused action_id does not replace the first result", () => {
  const base = { authorPubkey: AUTHOR, refId: "pay-0001", intentEventId: EVENT_ID };
  const first = failureDTag({ ...base, error: new AppError("fee_invalid") });
  expect(failureDTag({ ...base, error: new AppError("duplicate_action") })).toBe(`${first}:${EVENT_ID}`);
});

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
