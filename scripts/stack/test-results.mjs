import path from "node:path";

import { ROOT } from "./paths.mjs";

/**
 * Counts from jest's JSON report. A suite that could not run counts as one failed test, and so does a run without a report:
 * silence is never success.
 */
export function countResults(report) {
  if (!report) return { passed: 0, failed: 1, failures: ["FAILED: the tests did not run to their end"] };
  const brokenSuites = report.testResults.filter(
    (suite) => suite.status === "failed" && suite.assertionResults.length === 0,
  );
  const failedTests = report.testResults.flatMap((suite) =>
    suite.assertionResults.filter(({ status }) => status === "failed").map((test) => describe(suite, test.fullName)),
  );
  const failures = [...failedTests, ...brokenSuites.map((suite) => describe(suite, "the suite could not run"))];
  const failed = Math.max(
    report.numFailedTests + report.numRuntimeErrorTestSuites,
    failures.length,
    report.success ? 0 : 1,
  );
  return { passed: report.numPassedTests, failed, failures };
}

function describe(suite, what) {
  return `FAILED ${path.relative(ROOT, suite.name)}: ${what}`;
}
