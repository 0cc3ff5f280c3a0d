/** One run over every package; `npm test` sets up MariaDB and Redis first and counts the results. */
module.exports = {
  projects: ["<rootDir>/apps/*", "<rootDir>/packages/*", "<rootDir>/examples/*", "<rootDir>/e2e"],
  testSequencer: "<rootDir>/jest.sequencer.js",
};
