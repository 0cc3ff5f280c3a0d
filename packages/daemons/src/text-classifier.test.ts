import { Metadata, type ServiceError, status } from "@grpc/grpc-js";

import { createTextClassifier, type TextRule } from "./text-classifier";

const RULES: readonly TextRule[] = [
  { contains: "wallet locked in a way of our own", verdict: "rejected", name: "own_name" },
  { contains: "already paid", code: status.ALREADY_EXISTS, verdict: "rejected", name: "paid" },
  { contains: "may have been broadcast", verdict: "unknown", name: "broadcast_unclear" },
];
const lnd = createTextClassifier("lnd", RULES);

function refusal(code: status, details: string): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

const verdictOf = (code: status, text: string, kind: "read" | "write" = "write") => {
  const error = lnd.toRefusal(refusal(code, text), kind);
  return [error.code, error.details?.["reason"] ?? error.details?.["daemon_name"]];
};

test("a rule of the daemon comes before what all of them say", () => {
  expect(verdictOf(status.UNKNOWN, "wallet locked in a way of our own")).toEqual(["daemon_rejected", "own_name"]);
  expect(verdictOf(status.UNKNOWN, "wallet locked, unlock it")).toEqual(["daemon_unavailable", "wallet_locked"]);
});

test("a rule with a status holds for that status alone", () => {
  expect(verdictOf(status.ALREADY_EXISTS, "invoice is already paid")).toEqual(["daemon_rejected", "paid"]);
  expect(verdictOf(status.UNKNOWN, "invoice is already paid")).toEqual(["outcome_unknown", undefined]);
});

test("a rule may say that the outcome is unknown although the status looks definite", () => {
  expect(verdictOf(status.FAILED_PRECONDITION, "may have been broadcast")).toEqual(["outcome_unknown", undefined]);
});

test.each([status.INVALID_ARGUMENT, status.NOT_FOUND, status.FAILED_PRECONDITION, status.OUT_OF_RANGE])(
  "status %i is a refusal on its own",
  (code) => {
    expect(verdictOf(code, "whatever")).toEqual(["daemon_rejected", status[code]]);
  },
);

test.each([status.UNKNOWN, status.INTERNAL, status.ABORTED, status.DATA_LOSS, status.RESOURCE_EXHAUSTED])(
  "status %i with an unknown text leaves a write open and fails a read",
  (code) => {
    expect(verdictOf(code, "whatever")[0]).toBe("outcome_unknown");
    expect(verdictOf(code, "whatever", "read")[0]).toBe("internal_error");
  },
);

test.each([
  ["unknown service invoicesrpc.Invoices", status.UNIMPLEMENTED],
  ["unknown method CancelInvoice for service invoicesrpc.Invoices", status.UNIMPLEMENTED],
  ["/invoicesrpc.Invoices/CancelInvoice: unknown permissions required for method", status.UNKNOWN],
])("'%s' names the sub-server that is missing", (text, code) => {
  const error = lnd.toRefusal(refusal(code, text), "write");
  expect([error.code, error.message]).toEqual(["daemon_rejected", "This lnd does not serve invoicesrpc.Invoices"]);
});

test("a proof that fails to verify is not taken for a macaroon", () => {
  expect(verdictOf(status.UNKNOWN, "proof verification failed: bad witness")[0]).toBe("outcome_unknown");
});

test("the daemon's words stay in the log", () => {
  const { message, details, internal } = lnd.toRefusal(refusal(status.NOT_FOUND, "secret words"), "read");
  expect(JSON.stringify([message, details])).not.toContain("secret words");
  expect(internal).toBe("lnd: secret words");
});

test("only a known text makes an answer of a status that means none", () => {
  const isAnswer = (text: string) => lnd.isAnswer?.(refusal(status.UNAVAILABLE, text));
  expect(isAnswer("the RPC server is not ready to accept requests")).toBe(true);
  expect(isAnswer("Connection dropped")).toBe(false);
});
