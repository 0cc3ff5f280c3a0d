import type { z } from "zod";

import type { FieldError } from "./errors";

/** A rule that wants its own code in `errors[].code` puts it here: `ctx.addIssue({ code: "custom", params: { code } })`. */
interface CodedParams {
  readonly code?: unknown;
}

/**
 * What zod found, as the `errors[]` of a problem document: one entry per broken field, `path` dotted (`params.amount`,
 * `source_vtxos.0`), unknown keys named one by one. Never holds a value of the input.
 */
export function fieldErrors(error: z.ZodError, basePath = ""): FieldError[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: joinPath(basePath, [...issue.path, key]),
        code: "unknown_key",
        message: "This key is not known here",
      }));
    }
    return [{ path: joinPath(basePath, issue.path), code: codeOf(issue), message: issue.message }];
  });
}

function joinPath(basePath: string, path: readonly PropertyKey[]): string {
  return [...(basePath === "" ? [] : [basePath]), ...path.map(String)].join(".");
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== "custom") return issue.code;
  const params: CodedParams | undefined = issue.params;
  return typeof params?.code === "string" ? params.code : "invalid_value";
}
