import { Router, type RequestHandler } from "express";

import { AppError } from "@arkrelay/core/errors";

import type { Method, Route } from "./route";

export type Handle = (route: Route) => RequestHandler;

/**
 * The table of routes on an Express router: one handler per path that picks the method, so that a known path with another
 * method is 405 with `Allow`; literal paths come before paths with parameters.
 */
export function createRouter(routes: readonly Route[], handle: Handle): Router {
  const router = Router({ caseSensitive: true });
  const literal = new Map<string, RequestHandler>();
  // Most calls name a literal path exactly: one look instead of a pattern per route.
  router.use((req, res, next) => {
    const handler = literal.get(req.path);
    if (handler === undefined) return next();
    return handler(req, res, next);
  });
  for (const [path, byMethod] of groupByPath(routes)) {
    const handler = pickMethod(new Map([...byMethod].map(([method, route]) => [method, handle(route)])));
    if (!path.includes(":")) literal.set(path, handler);
    router.all(path, handler);
  }
  return router;
}

function pickMethod(handlers: ReadonlyMap<string, RequestHandler>): RequestHandler {
  return (req, res, next) => {
    // HEAD is GET whose body Node leaves out.
    const handler = handlers.get(req.method === "HEAD" ? "GET" : req.method);
    if (handler !== undefined) return handler(req, res, next);
    res.setHeader("allow", allowed(handlers));
    return next(new AppError("method_not_allowed"));
  };
}

function groupByPath(routes: readonly Route[]): [string, Map<Method, Route>][] {
  const byPath = new Map<string, Map<Method, Route>>();
  for (const route of routes) {
    const methods = byPath.get(route.path) ?? new Map<Method, Route>();
    if (methods.has(route.method)) throw new Error(`${route.method} ${route.path} is in the table twice`);
    byPath.set(route.path, methods.set(route.method, route));
  }
  return [...byPath].toSorted(([a], [b]) => (specificity(a) < specificity(b) ? -1 : 1));
}

/** Segment by segment, a literal (0) before a parameter (1). */
function specificity(path: string): string {
  return path
    .split("/")
    .map((segment) => (segment.startsWith(":") ? "1" : "0"))
    .join("");
}

function allowed(handlers: ReadonlyMap<string, RequestHandler>): string {
  return [...handlers.keys(), ...(handlers.has("GET") ? ["HEAD"] : [])].toSorted().join(", ");
}
