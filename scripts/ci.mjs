import { spawn } from "node:child_process";

import { ROOT } from "./stack/paths.mjs";
import { runScript } from "./stack/stop-with-sentence.mjs";

/** The two commands of a contributor, one after the other. Each ends with its own line of numbers, which are added up. */
const STEPS = [
  { name: "checks", args: ["run", "check"], summary: /^checks: (\d+) passed, (\d+) failed$/m },
  { name: "tests", args: ["test"], summary: /^(\d+) passed, (\d+) failed$/m },
];

await runScript(async () => {
  const total = { passed: 0, failed: 0 };
  for (const step of STEPS) {
    const { passed, failed } = await runStep(step);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});

/** A step that ends badly without saying how many failed counts as one failure. */
async function runStep({ name, args, summary }) {
  console.log(`== ${name}: npm ${args.join(" ")}`);
  const { code, output } = await runAloud("npm", args);
  const numbers = output.match(new RegExp(summary, "gm"))?.at(-1)?.match(/\d+/g)?.map(Number);
  const [passed = 0, failed = 0] = numbers ?? [];
  return { passed, failed: code === 0 ? failed : Math.max(failed, 1) };
}

function runAloud(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
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
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 128, output }));
  });
}
