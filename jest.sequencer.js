const { statSync } = require("node:fs");

/** Files that take minutes, each alone: begun first, they do not leave the other core idle at the end. */
const LONG = /random|drill/;

/** Longest first, as far as a fresh checkout can tell: the random histories, then by size. */
module.exports = class {
  sort(tests) {
    const weighed = [...tests].map((test) => ({
      test,
      isLong: LONG.test(test.path),
      bytes: statSync(test.path).size,
    }));
    return weighed.sort((a, b) => Number(b.isLong) - Number(a.isLong) || b.bytes - a.bytes).map(({ test }) => test);
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
};
