/** gRPC status names arkd answers with; the transport maps them to numbers and to HTTP. */
export type StatusName =
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "FAILED_PRECONDITION"
  | "INTERNAL"
  | "UNIMPLEMENTED";

interface ArkdErrorRow {
  readonly code: number;
  readonly status: StatusName;
}

/** arkd's own error table, as far as transfers and batches can reach it: code and gRPC status of each name. */
export const ARKD_ERRORS = {
  INTERNAL_ERROR: { code: 0, status: "INTERNAL" },
  INVALID_ARK_PSBT: { code: 1, status: "INVALID_ARGUMENT" },
  INVALID_CHECKPOINT_PSBT: { code: 2, status: "INVALID_ARGUMENT" },
  INVALID_PSBT_MISSING_INPUT: { code: 3, status: "INVALID_ARGUMENT" },
  VTXO_ALREADY_REGISTERED: { code: 4, status: "ALREADY_EXISTS" },
  INVALID_PSBT_INPUT: { code: 5, status: "INVALID_ARGUMENT" },
  VTXO_ALREADY_SPENT: { code: 6, status: "INVALID_ARGUMENT" },
  VTXO_ALREADY_UNROLLED: { code: 7, status: "INVALID_ARGUMENT" },
  VTXO_RECOVERABLE: { code: 8, status: "INVALID_ARGUMENT" },
  INVALID_VTXO_SCRIPT: { code: 10, status: "INVALID_ARGUMENT" },
  FORFEIT_CLOSURE_LOCKED: { code: 11, status: "FAILED_PRECONDITION" },
  ARK_TX_INPUT_NOT_SIGNED: { code: 12, status: "INVALID_ARGUMENT" },
  MALFORMED_ARK_TX: { code: 13, status: "INVALID_ARGUMENT" },
  AMOUNT_TOO_HIGH: { code: 14, status: "INVALID_ARGUMENT" },
  AMOUNT_TOO_LOW: { code: 15, status: "INVALID_ARGUMENT" },
  CHECKPOINT_MISMATCH: { code: 16, status: "INVALID_ARGUMENT" },
  ARK_TX_MISMATCH: { code: 17, status: "INVALID_ARGUMENT" },
  INVALID_SIGNATURE: { code: 18, status: "INVALID_ARGUMENT" },
  TX_NOT_FOUND: { code: 19, status: "NOT_FOUND" },
  INVALID_INTENT_TIMERANGE: { code: 20, status: "INVALID_ARGUMENT" },
  INVALID_INTENT_MESSAGE: { code: 21, status: "INVALID_ARGUMENT" },
  INVALID_INTENT_PSBT: { code: 22, status: "INVALID_ARGUMENT" },
  INVALID_INTENT_PROOF: { code: 23, status: "INVALID_ARGUMENT" },
  INVALID_PKSCRIPT: { code: 24, status: "INVALID_ARGUMENT" },
  CONFIRMATION_SESSION_NOT_STARTED: { code: 25, status: "INVALID_ARGUMENT" },
  INVALID_FORFEIT_TXS: { code: 26, status: "INVALID_ARGUMENT" },
  SIGNING_SESSION_TIMED_OUT: { code: 28, status: "INTERNAL" },
  VTXO_BANNED: { code: 29, status: "INVALID_ARGUMENT" },
  VTXO_NOT_FOUND: { code: 30, status: "NOT_FOUND" },
  INTENT_INSUFFICIENT_FEE: { code: 31, status: "INVALID_ARGUMENT" },
  ASSET_VALIDATION_FAILED: { code: 33, status: "INVALID_ARGUMENT" },
  ASSET_NOT_FOUND: { code: 34, status: "NOT_FOUND" },
  ASSET_INPUT_INVALID: { code: 35, status: "INVALID_ARGUMENT" },
  ASSET_OUTPUT_INVALID: { code: 36, status: "INVALID_ARGUMENT" },
  CONTROL_ASSET_INVALID: { code: 37, status: "INVALID_ARGUMENT" },
  INTENT_ASSET_VALIDATION_FAILED: { code: 39, status: "INVALID_ARGUMENT" },
  INTENT_NOT_FOUND: { code: 45, status: "NOT_FOUND" },
  TX_TOO_LARGE: { code: 46, status: "INVALID_ARGUMENT" },
  VTXO_WITH_TOO_MANY_ASSETS: { code: 47, status: "INVALID_ARGUMENT" },
  DIGEST_MISMATCH: { code: 49, status: "FAILED_PRECONDITION" },
  SUBSCRIPTION_NOT_FOUND: { code: 50, status: "NOT_FOUND" },
  INVALID_TX_FILTER: { code: 52, status: "INVALID_ARGUMENT" },
} as const satisfies Record<string, ArkdErrorRow>;

export type ArkdErrorName = keyof typeof ARKD_ERRORS;

/** A refusal of arkd with its structured details. `message` has arkd's text form `NAME (code): cause`. */
export class ArkdError extends Error {
  readonly code: number;
  readonly status: StatusName;

  constructor(
    readonly errorName: ArkdErrorName,
    readonly why: string,
    readonly metadata: Readonly<Record<string, string>> = {},
  ) {
    super(`${errorName} (${ARKD_ERRORS[errorName].code}): ${why}`);
    this.name = "ArkdError";
    this.code = ARKD_ERRORS[errorName].code;
    this.status = ARKD_ERRORS[errorName].status;
  }
}

/** A refusal without structured details, as arkd gives for malformed requests and unknown calls. */
export class PlainStatusError extends Error {
  constructor(
    readonly status: StatusName,
    message: string,
  ) {
    super(message);
    this.name = "PlainStatusError";
  }
}
