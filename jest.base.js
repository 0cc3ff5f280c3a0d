const path = require("node:path");

/** Every package starts from this: sources are run straight from TypeScript, workspace packages too. */
module.exports = {
  testEnvironment: "node",
  // Workspace packages are entered by their `exports`; this condition leads to src instead of dist, so tests need no build.
  testEnvironmentOptions: { customExportConditions: ["arkrelay-source", "node", "node-addons", "require", "default"] },
  roots: ["<rootDir>/src"],
  testMatch: ["**/*.test.ts"],
  transform: { "\\.[cm]?[jt]s$": path.join(__dirname, "jest.transform.js") },
  // Node 20's jest cannot require() ESM, so ESM dependencies are transformed as well (see jest.transform.js).
  transformIgnorePatterns: [],
};
