import { installWorkspace, toolEnvironment } from "./stack/bootstrap.mjs";
import { nextSignal } from "./stack/next-signal.mjs";
import { lastLines, runCommand, stopCommands } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";

/** Every gate of CI but the tests. All of them run, whatever fails, so that one round shows everything there is to do. */
const GATES = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "source rules", command: ["node", "scripts/source-rules.mjs"] },
  { name: "types", command: ["turbo", "run", "typecheck", "--continue", "--output-logs=errors-only"] },
  { name: "arrows", command: ["pnpm", "--silent", "deps:check"] },
  { name: "generated code", command: ["node", "scripts/gen-check.mjs"] },
  { name: "dead code", command: ["knip", "--no-config-hints"] },
];

const USAGE = {
  help: `npm run check

Every gate of CI but the tests: ${GATES.map(({ name }) => name).join(", ")}.
All of them run, whatever fails. The last line is \`checks: N passed, N failed\`.`,
};

await runScript(USAGE, async () => {
  void nextSignal().then(stopCommands);
  await installWorkspace(console.log);
  const failed = [];
  for (const gate of GATES) {
    if (!(await pass(gate))) failed.push(gate.name);
  }
  console.log(failed.length === 0 ? "All checks pass." : `Failed: ${failed.join(", ")}`);
  console.log(`checks: ${GATES.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
});

async function pass({ name, command: [program, ...args] }) {
  const startedAt = performance.now();
  const { code, output } = await runCommand(program, args, { env: toolEnvironment() });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (code !== 0) console.log(lastLines(output, 80).replace(/^/gm, "       "));
  return code === 0;
}
