import { readFileSync } from "node:fs";

import { mustRun } from "./stack/run-command.mjs";
import { runScript } from "./stack/run-script.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";

/** Rules of the house that the linter has no rule for. Each names what it protects. */
const RULES = [
  {
    name: "core takes the time from its Clock port",
    files: /^packages\/core\/src\/(?!testing\/)(?!.*\.test\.ts$).*\.ts$/,
    forbids: /\bnew Date\(\s*\)|\bperformance\.now\(/,
  },
  {
    name: "file and folder names are kebab-case",
    paths: /^(apps|packages|examples|e2e|bench|scripts)\/(.*\/)?[^/]*[A-Z_][^/]*\.(ts|mjs|sql)$/,
    except: /\/(gen|migrations|testing\/fixtures)\//,
  },
  {
    name: "no folder of leftovers (utils, helpers, common, misc, lib) and no barrels",
    paths: /^(apps|packages|examples|e2e|bench)\/[^/]+\/(.*\/)?((utils|helpers|common|misc|lib)\/|index\.ts$)/,
    except: /\/gen\//,
  },
  {
    name: "type errors are repaired, not silenced",
    files: /^(apps|packages|examples|e2e|bench)\/.*\.ts$/,
    except: /\/gen\//,
    forbids: /@ts-(ignore|nocheck|expect-error)/,
  },
  {
    name: "a test waits for a condition, not for time to pass",
    files: /^(apps|packages|examples|e2e)\/.*\.test\.ts$/,
    forbids: /await (sleep|delay)\(|setTimeout\((resolve|done|r),\s*\d/,
  },
];

const USAGE = { help: `node scripts/source-rules.mjs\n\n${RULES.map(({ name }) => `  ${name}`).join("\n")}` };

await runScript(USAGE, async () => {
  const listing = await mustRun("git ls-files", "git", ["ls-files", "--cached", "--others", "--exclude-standard"]);
  const files = listing.split("\n").filter((file) => file !== "" && !file.includes("node_modules/"));
  const broken = [
    ...RULES.flatMap((rule) => files.flatMap((file) => violations(rule, file))),
    ...undocumented(files),
    ...otherPnpm(),
  ];
  if (broken.length > 0) throw new StopWithSentence(broken.join("\n"));
});

/** Every variable a configuration section reads stands in docs/configuration.md. */
function undocumented(files) {
  const documented = readFileSync("docs/configuration.md", "utf8");
  const sections = files.filter((file) => /^packages\/runtime\/src\/config\/.*-section\.ts$/.test(file));
  const names = sections.flatMap((file) =>
    linesOf(file).flatMap((line) => /^ {4,}([A-Z][A-Z0-9_]+): /.exec(line)?.[1] ?? []),
  );
  return [...new Set(names)]
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(documented))
    .map((name) => `${name}: not in docs/configuration.md`);
}

/** The image and `npm start` build with the same package manager. */
function otherPnpm() {
  const [inImage, inScript] = [
    /pnpm@([\d.]+)/.exec(readFileSync("deploy/docker/Dockerfile", "utf8"))?.[1],
    /PNPM_VERSION = "([\d.]+)"/.exec(readFileSync("scripts/stack/bootstrap.mjs", "utf8"))?.[1],
  ];
  return inImage === inScript ? [] : [`deploy/docker/Dockerfile: pnpm ${inImage}, but scripts use ${inScript}`];
}

function violations(rule, file) {
  if (rule.except?.test(file)) return [];
  if (rule.paths) return rule.paths.test(file) ? [`${file}: ${rule.name}`] : [];
  if (!rule.files.test(file)) return [];
  return linesOf(file).flatMap((line, index) =>
    rule.forbids.test(line) ? [`${file}:${index + 1}: ${rule.name}`] : [],
  );
}

/** A file that is listed but deleted in the working tree has no lines. */
function linesOf(file) {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
