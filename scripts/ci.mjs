import { spawn } from "node:child_process";

import { nextSignal } from "./stack/next-signal.mjs";
import { ROOT } from "./stack/paths.mjs";
import { stopCommands, trackCommand } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";

/** The two commands of a contributor, one after the other. Each ends with its own line of numbers, which are added up. */
const STEPS = [
  { name: "checks", command: "npm run check", script: "check.mjs", summary: /^checks: (\d+) passed, (\d+) failed$/gm },
  { name: "tests", command: "npm test", script: "test.mjs", summary: /^(\d+) passed, (\d+) failed$/gm },
];
/** Both together on a slow machine: a quiet one with two cores takes about half of it. */
const TIMEOUT_MS = 40 * 60_000;

const USAGE = {
  help: `.ci/run

${STEPS.map(({ command }) => command).join(", then ")}. The last line is \`N passed, N failed\`, the sum of both.`,
};

await runScript(USAGE, async () => {
  const deadline = setTimeout(giveUp, TIMEOUT_MS);
  void nextSignal().then(stopCommands);
  const total = { passed: 0, failed: 0 };
  for (const step of STEPS) {
    const { passed, failed } = await runStep(step);
    total.passed += passed;
    total.failed += failed;
  }
  clearTimeout(deadline);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});

/** The step under way stops what it started and counts what it has. */
function giveUp() {
  console.log(`stopping: this took more than ${TIMEOUT_MS / 60_000} minutes`);
  void stopCommands();
}

/** A step that ends badly without saying how many failed counts as one failure. */
async function runStep({ name, command, script, summary }) {
  console.log(`== ${name}: ${command}`);
  const { code, output } = await runAloud(process.execPath, [`scripts/${script}`]);
  const [, passed = 0, failed = 0] = [...output.matchAll(summary)].at(-1)?.map(Number) ?? [];
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
}

function runAloud(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    const untrack = trackCommand(() => child.kill("SIGTERM"));
    let output = "";
    for (const [stream, target] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        target.write(text);
      });
    }
    const end = (result) => {
      untrack();
      resolve(result);
    };
    child.on("error", (error) => end({ code: 127, output: error.message }));
    child.on("close", (code) => end({ code: code ?? 128, output }));
  });
}
