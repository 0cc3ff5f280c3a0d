import { readFileSync } from "node:fs";
import path from "node:path";

import { AppError, ERRORS, type ErrorCode } from "@arkrelay/core/errors";

import { STATUS_OF, toErrorAnswer } from "./error-response";

const document = readFileSync(path.join(__dirname, "../../../../docs/errors.md"), "utf8");
const sections = document.split(/^## /m).slice(1);
const codes = Object.keys(ERRORS) as ErrorCode[];

describe("docs/errors.md", () => {
  it("has one section per code, in the order of the table", () => {
    expect(sections.map((section) => section.split("\n")[0])).toEqual(codes);
  });

  it.each(codes)("tells what %s means, what the solver and what the operator do", (code) => {
    const section = sections.find((text) => text.startsWith(`${code}\n`)) ?? "";
    const { kind, retry } = ERRORS[code];
    const where = code === "worker_lost" ? "job error only" : `HTTP ${String(STATUS_OF[kind])}`;
    expect(section).toContain(`${where} · ${retry}`);
    expect(section).toMatch(/- \*\*Solver\*\*: .+\n- \*\*Operator\*\*: .+/);
  });
});

describe("a problem document", () => {
  it("says neither cause nor internals", () => {
    const error = new AppError("internal_error", { internal: "SELECT 1", cause: new Error("/etc/passwd") });
    const { body } = toErrorAnswer(error, { path: "/x", requestId: "r" });
    expect(JSON.stringify(body)).not.toMatch(/SELECT|passwd/);
  });

  it("is retryable with Retry-After exactly where repeating can help", () => {
    for (const code of codes) {
      const { headers, body } = toErrorAnswer(new AppError(code), { path: "/x", requestId: "r" });
      expect(body.retryable).toBe(ERRORS[code].retry === "backoff");
      expect("retry-after" in headers).toBe(body.retryable);
    }
  });
});
