import { writeFileSync } from "node:fs";
import path from "node:path";

import { createOpenApiDocument } from "./openapi-document";
import { listRoutes } from "./routes/routes";
import { VERSION } from "./version";

/** Beside the source and beside the built code alike. */
export const OPENAPI_FILE = "../../../docs/openapi.json";

/** The document as it is checked in: of a development gateway, whose routes are a superset of production's. */
export function renderOpenApi(): string {
  const document = createOpenApiDocument(listRoutes(false), VERSION, "http://localhost:8000");
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

if (require.main === module) writeFileSync(path.join(__dirname, OPENAPI_FILE), renderOpenApi());
