/**
 * Who may import whom. Every rule is an error: `pnpm deps:check` and CI fail on the first arrow that points the wrong way.
 *
 * dependency-cruiser reads the sources with swc, because TypeScript 7 has no JavaScript compiler API. swc reports
 * `import type` like any other import, so types obey the same arrows as code.
 */
const TEST_FILE = "\\.test\\.ts$|/src/testing/";

/** A package of ours: what it may import from the workspace, everything else is forbidden. */
const mayImport = (room, allowed) => ({
  name: `${room.replace("/", "-")}-imports-only-${allowed.length > 0 ? allowed.join("-and-") : "itself"}`,
  comment: `${room} may import of the workspace: ${[...allowed, "itself"].join(", ")}.`,
  severity: "error",
  from: { path: `^${room}/` },
  to: {
    path: "^(apps|packages|examples|e2e|bench|scripts)/",
    pathNot: `^(${[room, ...allowed.map((name) => `packages/${name}`)].join("|")})/`,
  },
});

/** An npm package that only some rooms may touch, so that a change of library stays in its room. */
const onlyIn = (name, npmPattern, rooms, why) => ({
  name: `${name}-only-in-its-rooms`,
  comment: why,
  severity: "error",
  from: { path: "^(apps|packages|e2e)/", pathNot: `^(${rooms.join("|")})/` },
  to: { path: `node_modules/(${npmPattern})(/|$)` },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "A cycle has no bottom: nothing in it can be understood, tested or replaced alone.",
      severity: "error",
      from: { path: "^(apps|packages|examples|e2e|bench)/" },
      to: { circular: true },
    },
    {
      name: "no-app-imports-another-app",
      comment: "Apps are deployed apart. What two of them need belongs into a package.",
      severity: "error",
      from: { path: "^apps/([^/]+)/" },
      to: { path: "^apps/", pathNot: "^apps/$1/" },
    },
    {
      name: "no-package-imports-an-app",
      comment: "The arrow goes from apps to packages.",
      severity: "error",
      from: { path: "^(packages|examples|e2e|bench)/" },
      to: { path: "^apps/" },
    },
    mayImport("packages/core", []),
    mayImport("packages/runtime", []),
    mayImport("packages/sdk", []),
    mayImport("packages/db", ["core", "runtime"]),
    mayImport("packages/daemons", ["core", "runtime"]),
    mayImport("packages/nostr", ["core", "runtime"]),
    mayImport("packages/tasks", ["core", "runtime"]),
    mayImport("examples/nostr-wallet", []),
    mayImport("examples/solver", ["sdk"]),
    mayImport("e2e", ["sdk"]),
    mayImport("bench", ["sdk", "daemons"]),
    {
      name: "core-npm-allow-list",
      comment:
        "core decides and computes: validation, curves, encodings and the pure functions of two libraries, nothing else.",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: TEST_FILE },
      to: {
        dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"],
        pathNot:
          "node_modules/(zod|@noble/(curves|hashes)|@scure/(base|btc-signer)|tiny-secp256k1|@arkade-os/sdk|nostr-tools)(/|$)",
      },
    },
    {
      name: "core-touches-no-system",
      comment: "No network, disk, process, timer or environment in core; hashing of node:crypto is pure and allowed.",
      severity: "error",
      from: { path: "^packages/core/src/", pathNot: TEST_FILE },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|assert|buffer|util)$" },
    },
    {
      name: "workspace-packages-by-their-door",
      comment:
        "Enter a package by its name (@arkrelay/core/errors); a relative path around the door escapes `exports`.",
      severity: "error",
      from: { path: "^(?:(apps|packages)/([^/]+)|examples/[^/]+|e2e|bench)/" },
      to: {
        path: "^packages/",
        pathNot: "^$1/$2/",
        dependencyTypes: ["local"],
        dependencyTypesNot: ["aliased-workspace", "npm"],
      },
    },
    {
      name: "no-barrels",
      comment: "The import line names the room it enters; index files hide it and grow cycles.",
      severity: "error",
      from: { path: "^(apps|packages|examples|e2e|bench)/" },
      to: { path: "^(apps|packages|examples|e2e|bench)/.*/index\\.ts$" },
    },
    {
      name: "generated-types-stay-in-daemons",
      comment:
        "proto types never cross into core, db, nostr, tasks or an app; devnet, which serves them, has the door daemons/proto.",
      severity: "error",
      from: { path: "^(apps|packages)/", pathNot: "^(packages/daemons|apps/devnet)/" },
      to: { path: "^packages/daemons/(src|dist)/(gen|proto)/" },
    },
    {
      name: "no-test-code-in-production",
      comment: "Test doors and test files are never imported by code that is shipped.",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: TEST_FILE },
      to: { path: `^(apps|packages)/.*(${TEST_FILE})|node_modules/(jest|@jest|fast-check)/` },
    },
    onlyIn(
      "express",
      "express|helmet|swagger-ui-express",
      ["apps/api", "apps/devnet"],
      "HTTP serving is the API's job; health servers are plain node:http.",
    ),
    onlyIn(
      "bullmq",
      "bullmq",
      ["packages/tasks", "apps/worker"],
      "Redis only wakes; the rest of the code knows wakes, not queues.",
    ),
    onlyIn("sql", "drizzle-orm|mysql2|mariadb", ["packages/db"], "packages/db is the only place with SQL."),
    onlyIn(
      "grpc",
      "@grpc/[^/]+|@bufbuild/[^/]+",
      ["packages/daemons", "apps/devnet"],
      "Daemons are reached through ports of core.",
    ),
    onlyIn(
      "cockatiel",
      "cockatiel",
      ["packages/daemons"],
      "Timeouts, retries and breakers of daemons live in one room.",
    ),
    onlyIn(
      "sockets",
      "ws|nostr-tools/.*/?(abstract-)?(pool|relay)\\.(js|d\\.ts)",
      ["packages/nostr", "packages/sdk", "apps/devnet", "e2e"],
      "Relay sockets belong to packages/nostr (and to clients).",
    ),
    onlyIn(
      "ioredis",
      "ioredis|redis",
      ["packages/runtime", "packages/tasks"],
      "One place knows how to connect to Redis.",
    ),
    onlyIn("winston", "winston", ["packages/runtime"], "One logger, one redaction."),
    {
      name: "declared-dependencies-only",
      comment: "What a package imports stands in its own package.json, or it breaks when it is installed alone.",
      severity: "error",
      from: { path: "^(apps|packages|examples|e2e|bench)/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "no-dev-dependency-in-production",
      comment: "A production image has no devDependencies.",
      severity: "error",
      from: { path: "^(apps|packages)/[^/]+/src/", pathNot: TEST_FILE },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["npm", "type-only"] },
    },
    {
      name: "resolvable",
      comment: "An import that resolves to nothing is a wrong path or a missing build.",
      severity: "error",
      from: { path: "^(apps|packages|examples|e2e|bench)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: ["node_modules", "/dist/"] },
    exclude: { path: ["/dist/", "jest\\.config\\.js$"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["arkrelay-source", "node", "import", "require", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
      mainFields: ["main", "types"],
    },
  },
};
