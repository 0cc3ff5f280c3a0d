import express, { type Express } from "express";
import helmet from "helmet";

import type { ApiDeps } from "./api-deps";
import { createDocsPage } from "./docs-page";
import { callLog } from "./http/call-log";
import { cors } from "./http/cors";
import { createErrorHandler, createHandler, notFoundHandler } from "./http/handle-request";
import { createRouter } from "./http/router";
import { createOpenApiDocument } from "./openapi-document";
import { listRoutes } from "./routes/routes";
import { openApiRoute } from "./routes/status/openapi";

/** The API as an Express application; it listens nowhere yet. */
export function createApp(deps: ApiDeps): Express {
  const { isProduction, version, publicBaseUrl, trustProxy, corsOrigins } = deps.settings;
  const routes = listRoutes(isProduction);
  const document = createOpenApiDocument(routes, version, publicBaseUrl);
  const app = express();
  app.disable("x-powered-by");
  // Answers are hashed where an ETag is promised, not everywhere.
  app.disable("etag");
  app.set("trust proxy", trustProxy);
  app.use(callLog(deps));
  app.use(helmet({ hsts: isProduction }));
  app.use(cors(corsOrigins));
  app.use("/docs", createDocsPage());
  app.use(createRouter([...routes, openApiRoute(document)], createHandler(deps)));
  app.use(notFoundHandler);
  app.use(createErrorHandler(deps));
  return app;
}
