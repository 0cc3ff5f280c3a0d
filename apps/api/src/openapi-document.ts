import { OpenApiGeneratorV31, OpenAPIRegistry, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import { z } from "zod";

import { ERRORS, type ErrorCode } from "@arkrelay/core/errors";
import { timestamp } from "@arkrelay/core/http/fields";
import { Problem } from "@arkrelay/core/http/problem";

import { STATUS_OF } from "./http/error-response";
import type { AuthClass, Route } from "./http/route";

type OpenApiDocument = ReturnType<OpenApiGeneratorV31["generateDocument"]>;

const DESCRIPTION = `One REST API and one Nostr protocol in front of arkd, tapd and lnd.

Amounts are JSON integers in base units (gBTC: sats). Times are ISO-8601 UTC with milliseconds. Every answer carries
\`X-Request-Id\`. Every POST, PATCH and DELETE takes an \`Idempotency-Key\`: the same key with the same body brings the
stored answer. Errors are RFC 9457 problem documents; \`code\` is stable, \`retryable\` says whether repeating can help.`;

/** The OpenAPI 3.1 document, made from the schemas that validate the calls. */
export function createOpenApiDocument(routes: readonly Route[], version: string, serverUrl: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registerSecurity(registry);
  registerProblems(registry);
  for (const route of routes) registry.registerPath(toPath(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: { title: "ArkRelay Gateway", version, description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: serverUrl }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name })),
  });
}

function registerSecurity(registry: OpenAPIRegistry): void {
  registry.registerComponent("securitySchemes", "nip98", {
    type: "apiKey",
    in: "header",
    name: "Authorization",
    description:
      "`Nostr <base64 event>` (NIP-98): kind 27235, tags u, method, payload (sha256 of the body) and a random nonce.",
  });
  registry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    bearerFormat: "ark_<id>_<secret>",
    description: "Also as `X-API-Key`.",
  });
  registry.registerComponent("securitySchemes", "adminKey", { type: "apiKey", in: "header", name: "X-Admin-Key" });
}

const SCHEMES_OF: Readonly<Record<AuthClass, readonly string[]>> = {
  public: [],
  solver: ["apiKey", "nip98"],
  owner: ["nip98"],
  admin: ["adminKey"],
};

function securityOf(route: Route): Record<string, string[]>[] {
  if (route.auth.includes("public")) return [];
  const schemes = new Set(route.auth.flatMap((kind) => SCHEMES_OF[kind]));
  if (!route.notAdmin) schemes.add("adminKey");
  return [...schemes].map((scheme) => ({ [scheme]: [] }));
}

function toPath(route: Route): RouteConfig {
  return {
    method: route.method.toLowerCase() as "get" | "post" | "patch" | "delete",
    path: route.path.replaceAll(/:([a-z_]+)/g, "{$1}"),
    operationId: operationId(route),
    summary: route.summary,
    tags: [tagOf(route)],
    security: securityOf(route),
    request: requestOf(route),
    responses: { ...successes(route), ...problems(route) },
  };
}

function operationId(route: Route): string {
  const words = route.path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [route.method.toLowerCase(), ...(words.length === 0 ? ["banner"] : words)].join("_");
}

const STATUS_TAG = "Health and status";

/** By the first word of the path; a word that is missing here is about health or status. */
const TAGS: Readonly<Record<string, string>> = {
  enqueue: "Jobs",
  jobs: "Jobs",
  sessions: "Sessions and challenges",
  challenges: "Sessions and challenges",
  signing: "Signing ceremony",
  transactions: "Transactions",
  assets: "Assets and balances",
  balances: "Assets and balances",
  vtxos: "VTXOs",
  nostr: "Nostr",
  admin: "Operator",
};

function tagOf(route: Route): string {
  return TAGS[/^\/([a-z]+)/.exec(route.path)?.[1] ?? ""] ?? STATUS_TAG;
}

const IdempotencyKey = z.string().min(1).max(128).optional().meta({
  description: "1 to 128 printable ASCII characters, kept 48 h per caller and route.",
});
const Prefer = z
  .string()
  .optional()
  .meta({ description: "`wait=N` (at most 10 s) waits for the job's row.", example: "wait=5" });

function requestOf(route: Route): NonNullable<RouteConfig["request"]> {
  const { params, query, body } = route.schemas;
  return {
    ...(params !== undefined && { params: params as z.ZodObject }),
    ...(query !== undefined && { query: query as z.ZodObject }),
    ...(body !== undefined && { body: { content: { "application/json": { schema: body } } } }),
    ...(route.method !== "GET" && {
      headers: z.object({ "Idempotency-Key": IdempotencyKey, ...(route.canWait && { Prefer }) }),
    }),
  };
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  200: "Done",
  201: "Created",
  202: "Accepted: the work goes on, the ids say where to look",
  204: "Done; no body",
  503: "Not healthy; same body",
};

function successes(route: Route): RouteConfig["responses"] {
  const entries = Object.entries(route.replies).map(([status, schema]) => {
    const description = STATUS_TEXT[Number(status)] ?? "Done";
    if (status === "204") return [status, { description }];
    return [status, { description, content: { [route.produces]: { schema: withTimestamp(route, schema) } } }];
  });
  if (entries.length > 0) return Object.fromEntries(entries) as RouteConfig["responses"];
  return { 200: { description: "Done", content: { [route.produces]: { schema: z.string() } } } };
}

function withTimestamp(route: Route, schema: z.ZodType): z.ZodType {
  return route.exact ? schema : z.intersection(schema, z.object({ timestamp }));
}

const PROBLEM_STATUSES = [...new Set(Object.values(STATUS_OF))];

function problemName(status: number): string {
  return `Problem${String(status)}`;
}

/** One response per status, naming its codes; every operation refers to them. Their schema comes with `problems`. */
function registerProblems(registry: OpenAPIRegistry): void {
  for (const status of PROBLEM_STATUSES) {
    registry.registerComponent("responses", problemName(status), {
      description: codesOf(status).join(", "),
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    });
  }
}

function problems(route: Route): RouteConfig["responses"] {
  const statuses = [400, 404, 405, 429, 500, 503];
  if (!route.auth.includes("public")) statuses.push(401, 403);
  if (route.method !== "GET") statuses.push(409, 410, 413, 415, 422, 502);
  const own = statuses.filter((status) => !(status in route.replies)).toSorted((a, b) => a - b);
  return {
    ...Object.fromEntries(own.map((status) => [status, { $ref: `#/components/responses/${problemName(status)}` }])),
    // Written out once per operation, because the generator emits only those components that a zod schema brings.
    500: { description: codesOf(500).join(", "), content: { "application/problem+json": { schema: Problem } } },
  };
}

function codesOf(status: number): ErrorCode[] {
  return (Object.keys(ERRORS) as ErrorCode[]).filter((code) => STATUS_OF[ERRORS[code].kind] === status);
}
