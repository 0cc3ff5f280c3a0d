import type { z } from "zod";

import { AppError } from "../errors";
import { fieldErrors } from "../field-errors";
import { isAmountRule } from "./fields";

/**
 * A broken schema as the error of the contract: `invalid_amount` when nothing but amounts is wrong, else
 * `invalid_request`. Every field is named either way.
 */
export function toRequestError(error: z.ZodError): AppError {
  const errors = fieldErrors(error).map((field) =>
    isAmountRule(field.message) ? { ...field, code: "invalid_amount" } : field,
  );
  const onlyAmounts = errors.every((field) => field.code === "invalid_amount");
  const first = errors[0];
  return new AppError(onlyAmounts ? "invalid_amount" : "invalid_request", {
    errors,
    ...(first !== undefined && { message: `${first.path === "" ? "The request" : first.path}: ${first.message}` }),
  });
}

/** One field that a handler finds wrong where a schema cannot see it. */
export function invalidField(path: string, message: string, code = "invalid_value"): AppError {
  return new AppError("invalid_request", { message: `${path}: ${message}`, errors: [{ path, code, message }] });
}
