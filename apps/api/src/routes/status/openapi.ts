import { z } from "zod";

import { readRoute, type Route } from "../../http/route";

/** The document is made once, at start. */
export function openApiRoute(document: object): Route {
  return readRoute({
    path: "/openapi.json",
    summary: "This document",
    auth: ["public"],
    cache: "short",
    exact: true,
    replies: { 200: z.looseObject({}) },
  }).handle(() => Promise.resolve({ status: 200, body: document as Record<string, unknown> }));
}
