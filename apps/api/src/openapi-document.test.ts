import { readFileSync } from "node:fs";
import path from "node:path";

import { ERRORS } from "@arkrelay/core/errors";

import { createOpenApiDocument } from "./openapi-document";
import { listRoutes } from "./routes/routes";
import { OPENAPI_FILE, renderOpenApi } from "./write-openapi";

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

const routes = listRoutes(false);
const document = createOpenApiDocument(routes, "0", "http://x");
const operations = Object.values(document.paths ?? {}).flatMap((item) => Object.values(item) as Operation[]);

describe("the OpenAPI document", () => {
  it("has every route once, with an id of its own", () => {
    expect(operations).toHaveLength(routes.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
  });

  it("describes every failure as a problem document that names its codes", () => {
    const shared = JSON.stringify(document.components?.responses ?? {});
    for (const code of Object.keys(ERRORS)) expect(shared).toContain(code);
    for (const { responses } of operations) {
      for (const [status, response] of Object.entries(responses)) {
        if (Number(status) < 400 || response.$ref === undefined) continue;
        expect(response.$ref).toBe(`#/components/responses/Problem${status}`);
      }
    }
  });

  it("is the one in docs/openapi.json: run `pnpm --filter @arkrelay/api gen` after changing a schema", () => {
    expect(readFileSync(path.join(__dirname, OPENAPI_FILE), "utf8")).toBe(renderOpenApi());
  });
});
