import type { z } from "zod";

/** A refused request: 400 with the fields that are wrong. */
export class InvalidRequestError extends Error {
  constructor(readonly errors: readonly { readonly path: string; readonly code: string; readonly message: string }[]) {
    super(errors.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
  }
}

/** Reads a JSON body by its schema; a missing body is an empty object. Throws InvalidRequestError naming every wrong field. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError(
    parsed.error.issues.flatMap((issue) => {
      // Zod reports unknown keys at their object; the caller wants the key.
      const paths = issue.code === "unrecognized_keys" ? issue.keys : [issue.path.join(".")];
      return paths.map((path) => ({ path, code: issue.code, message: issue.message }));
    }),
  );
}

export function invalidField(path: string, message: string): InvalidRequestError {
  return new InvalidRequestError([{ path, code: "invalid_value", message }]);
}
