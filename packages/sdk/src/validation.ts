import type { z } from "zod";

import { type FieldError, SchemaValidationError } from "./errors.js";
import {
  challengeSchema,
  commitmentSchema,
  confirmationSchema,
  failureSchema,
  intentSchema,
  notificationSchema,
  responseSchema,
  serviceResponseSchema,
} from "./event-schemas.js";

export interface DetailedVerdict {
  readonly valid: boolean;
  readonly errors?: readonly FieldError[];
}

/** Parses or throws SchemaValidationError with every field that is wrong. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SchemaValidationError(what, toFieldErrors(parsed.error));
}

function toFieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.map((issue) => ({ path: issue.path.join("."), code: issue.code, message: issue.message }));
}

function detailed(schema: z.ZodType, value: unknown): DetailedVerdict {
  const parsed = schema.safeParse(value);
  return parsed.success ? { valid: true } : { valid: false, errors: toFieldErrors(parsed.error) };
}

/** Contents of events, not events: pass the parsed JSON of `content`. */
export const validate31501Detailed = (content: unknown): DetailedVerdict => detailed(serviceResponseSchema, content);
export const validate31502Detailed = (content: unknown): DetailedVerdict => detailed(notificationSchema, content);
export const validate31510Detailed = (content: unknown): DetailedVerdict => detailed(intentSchema, content);
export const validate31511Detailed = (content: unknown): DetailedVerdict => detailed(challengeSchema, content);
export const validate31512Detailed = (content: unknown): DetailedVerdict => detailed(responseSchema, content);
export const validate31340Detailed = (content: unknown): DetailedVerdict => detailed(confirmationSchema, content);
export const validate31341Detailed = (content: unknown): DetailedVerdict => detailed(failureSchema, content);
export const validate31342Detailed = (content: unknown): DetailedVerdict => detailed(commitmentSchema, content);

export const validate31501 = (content: unknown): boolean => validate31501Detailed(content).valid;
export const validate31502 = (content: unknown): boolean => validate31502Detailed(content).valid;
export const validate31510 = (content: unknown): boolean => validate31510Detailed(content).valid;
export const validate31511 = (content: unknown): boolean => validate31511Detailed(content).valid;
export const validate31512 = (content: unknown): boolean => validate31512Detailed(content).valid;
export const validate31340 = (content: unknown): boolean => validate31340Detailed(content).valid;
export const validate31341 = (content: unknown): boolean => validate31341Detailed(content).valid;
export const validate31342 = (content: unknown): boolean => validate31342Detailed(content).valid;
