import { status } from "@grpc/grpc-js";

import { failure, refusal } from "../testing/fake-arkd";
import { arkErrorName, isDigestMismatch, isSubscriptionLost, toArkRefusal } from "./ark-errors";

/** arkd's codes in their order, with the gRPC status of those that are not InvalidArgument. */
const NAMES =
  `INTERNAL_ERROR INVALID_ARK_PSBT INVALID_CHECKPOINT_PSBT INVALID_PSBT_MISSING_INPUT VTXO_ALREADY_REGISTERED
  INVALID_PSBT_INPUT VTXO_ALREADY_SPENT VTXO_ALREADY_UNROLLED VTXO_RECOVERABLE OFFCHAIN_TX_SPENDING_NOTE INVALID_VTXO_SCRIPT
  FORFEIT_CLOSURE_LOCKED ARK_TX_INPUT_NOT_SIGNED MALFORMED_ARK_TX AMOUNT_TOO_HIGH AMOUNT_TOO_LOW CHECKPOINT_MISMATCH
  ARK_TX_MISMATCH INVALID_SIGNATURE TX_NOT_FOUND INVALID_INTENT_TIMERANGE INVALID_INTENT_MESSAGE INVALID_INTENT_PSBT
  INVALID_INTENT_PROOF INVALID_PKSCRIPT CONFIRMATION_SESSION_NOT_STARTED INVALID_FORFEIT_TXS INVALID_BOARDING_INPUT_SIG
  SIGNING_SESSION_TIMED_OUT VTXO_BANNED VTXO_NOT_FOUND INTENT_INSUFFICIENT_FEE OFFCHAIN_TX_INSUFFICIENT_FEE
  ASSET_VALIDATION_FAILED ASSET_NOT_FOUND ASSET_INPUT_INVALID ASSET_OUTPUT_INVALID CONTROL_ASSET_INVALID
  CONTROL_ASSET_NOT_FOUND INTENT_ASSET_VALIDATION_FAILED CHECKPOINT_TX_INVALID CHECKPOINT_TX_NOT_FOUND OFFCHAIN_TX_INVALID
  ASSET_PACKET_INVALID INTENT_FEE_EVALUATION_FAILED INTENT_NOT_FOUND TX_TOO_LARGE VTXO_WITH_TOO_MANY_ASSETS
  BUILD_VERSION_TOO_OLD DIGEST_MISMATCH SUBSCRIPTION_NOT_FOUND TX_FILTERS_LIMIT_EXCEEDED INVALID_TX_FILTER`.split(
    /\s+/,
  );
const STATUSES = new Map<number, status>([
  ...[0, 28, 44].map((code) => [code, status.INTERNAL] as const),
  ...[19, 30, 34, 38, 41, 45, 50].map((code) => [code, status.NOT_FOUND] as const),
  [4, status.ALREADY_EXISTS],
  ...[11, 48, 49].map((code) => [code, status.FAILED_PRECONDITION] as const),
]);
const errors = NAMES.map((name, code) => ({ code, name, grpcStatus: STATUSES.get(code) ?? status.INVALID_ARGUMENT }));

test("the table holds all 53 codes", () => {
  expect(errors).toHaveLength(53);
});

test.each(errors)("code $code of a write is daemon_rejected with $name", ({ code, name, grpcStatus }) => {
  const thrown = refusal(code, name, grpcStatus);
  const error = toArkRefusal(thrown, "write");
  expect(error.code).toBe("daemon_rejected");
  expect(error.details).toEqual({ service: "arkd", daemon_code: code, daemon_name: name });
  expect(arkErrorName(thrown)).toBe(name);
});

test.each(errors)("code $code of a read is the same, but arkd's own trouble is worth a retry", (row) => {
  const error = toArkRefusal(refusal(row.code, row.name, row.grpcStatus), "read");
  expect(error.code).toBe([0, 28].includes(row.code) ? "daemon_unavailable" : "daemon_rejected");
  expect(error.details).toMatchObject({ daemon_code: row.code, daemon_name: row.name });
});

test("details are read from the text where a guard of arkd sends no trailer", () => {
  const guard = failure(status.FAILED_PRECONDITION, "DIGEST_MISMATCH (49): expected a, got b");
  expect(toArkRefusal(guard, "write").details).toMatchObject({ daemon_code: 49, daemon_name: "DIGEST_MISMATCH" });
  expect(isDigestMismatch(toArkRefusal(guard, "write"))).toBe(true);
});

test("a trailer that cannot be read does not hide the refusal", () => {
  const garbled = refusal(6, "VTXO_ALREADY_SPENT");
  garbled.metadata.set("grpc-status-details-bin", Buffer.from([0xff, 0xff]));
  expect(toArkRefusal(garbled, "write").details).toMatchObject({ daemon_code: 6 });
});

test("arkd's text and metadata are for the log, cut to a sensible length, and never reach the caller", () => {
  const error = toArkRefusal(refusal(6, "VTXO_ALREADY_SPENT"), "write");
  expect(error.message).not.toContain("because");
  expect(error.internal).toContain('because the test says so {"vtxo_outpoint":"ab:0"}');
  const long = refusal(13, "MALFORMED_ARK_TX", status.INVALID_ARGUMENT, { tx: "x".repeat(20_000) });
  expect(toArkRefusal(long, "write").internal?.length).toBeLessThan(300);
});

test.each([
  ["INVALID_ARGUMENT", "daemon_rejected", "daemon_rejected"],
  ["NOT_FOUND", "daemon_rejected", "daemon_rejected"],
  ["UNIMPLEMENTED", "daemon_rejected", "daemon_rejected"],
  ["UNAUTHENTICATED", "daemon_auth_failed", "daemon_auth_failed"],
  ["PERMISSION_DENIED", "daemon_auth_failed", "daemon_auth_failed"],
  ["UNKNOWN", "internal_error", "outcome_unknown"],
  ["INTERNAL", "internal_error", "outcome_unknown"],
  ["RESOURCE_EXHAUSTED", "internal_error", "outcome_unknown"],
  ["ABORTED", "internal_error", "outcome_unknown"],
  ["DATA_LOSS", "internal_error", "outcome_unknown"],
] as const)("a bare %s is %s for a read and %s for a write", (name, ofRead, ofWrite) => {
  expect(toArkRefusal(failure(status[name]), "read").code).toBe(ofRead);
  expect(toArkRefusal(failure(status[name]), "write").code).toBe(ofWrite);
});

test("a lost subscription is known by its code or by the bare status", () => {
  expect(isSubscriptionLost(toArkRefusal(refusal(50, "SUBSCRIPTION_NOT_FOUND", status.NOT_FOUND), "read"))).toBe(true);
  expect(isSubscriptionLost(toArkRefusal(failure(status.NOT_FOUND), "read"))).toBe(true);
  expect(isSubscriptionLost(toArkRefusal(refusal(30, "VTXO_NOT_FOUND", status.NOT_FOUND), "read"))).toBe(false);
});
