module.exports = {
  ...require("../../jest.base.js"),
  displayName: "solver",
  // The package is ESM, so its relative imports end in `.js`; the sources they mean end in `.ts`.
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1", "$1.js"] },
};
