import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { readJsonFile } from "./json-file.mjs";
import { ROOT, TOOLS_DIR } from "./paths.mjs";
import { cleanEnvironment, mustRun } from "./run-command.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

const PNPM_VERSION = "12.21.0";
const PNPM_DIR = path.join(TOOLS_DIR, "node_modules/pnpm");
const INSTALL_STAMP = path.join(TOOLS_DIR, "installed.sha256");

/** From a bare checkout to built packages; each step is skipped when its input did not change. */
export async function bootstrap(print) {
  requireNode();
  await installPnpm(print);
  await installDependencies(print);
  await buildWorkspace(print);
}

/** PATH with the checkout's own pnpm first, for every command that may call it. */
export function toolEnvironment(extra = {}) {
  const bins = [path.join(TOOLS_DIR, "node_modules/.bin"), path.join(ROOT, "node_modules/.bin")];
  return cleanEnvironment({ PATH: [...bins, process.env.PATH].join(path.delimiter), ...extra });
}

export async function installWorkspace(print) {
  requireNode();
  await installPnpm(print);
  await installDependencies(print);
}

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new StopWithSentence(`Node ${process.versions.node} is too old: version 20.19 or later of 20 is needed.`, 69);
}

async function installPnpm(print) {
  if (readJsonFile(path.join(PNPM_DIR, "package.json"))?.version === PNPM_VERSION && isNativePnpm()) return;
  print(`installing pnpm ${PNPM_VERSION} into .local/tools`);
  mkdirSync(TOOLS_DIR, { recursive: true });
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await mustRun("Installing pnpm", "npm", ["install", "--prefix", TOOLS_DIR, ...quiet, `pnpm@${PNPM_VERSION}`], {
    env: cleanEnvironment(),
  });
  // Without this step `pnpm` is a shell script without a first line, which turbo cannot execute. npm 11 may skip it.
  await mustRun("Linking pnpm's program", process.execPath, [path.join(PNPM_DIR, "install.js")], {
    env: cleanEnvironment(),
  });
}

function isNativePnpm() {
  const binary = path.join(PNPM_DIR, "pnpm");
  return existsSync(binary) && statSync(binary).size > 1_000_000;
}

async function installDependencies(print) {
  const wanted = installInputHash();
  const isCurrent = existsSync(path.join(ROOT, "node_modules/.modules.yaml")) && readStamp() === wanted;
  if (isCurrent) return;
  print("installing dependencies (the first time takes about half a minute)");
  // CI=true: pnpm must never wait for an answer on a terminal.
  await mustRun("pnpm install", "pnpm", ["install", "--frozen-lockfile"], { env: toolEnvironment({ CI: "true" }) });
  writeFileSync(INSTALL_STAMP, wanted);
}

function readStamp() {
  return existsSync(INSTALL_STAMP) ? readFileSync(INSTALL_STAMP, "utf8") : undefined;
}

function installInputHash() {
  const hash = createHash("sha256").update(ROOT);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests()])
    hash.update(readFileSync(path.join(ROOT, file)));
  return hash.digest("hex");
}

function manifests() {
  const inFolder = (folder) => readdirSync(path.join(ROOT, folder)).map((name) => `${folder}/${name}/package.json`);
  const all = [
    "package.json",
    ...inFolder("apps"),
    ...inFolder("packages"),
    ...inFolder("examples"),
    "e2e/package.json",
    "bench/package.json",
  ];
  return all.filter((file) => existsSync(path.join(ROOT, file)));
}

async function buildWorkspace(print) {
  const output = await mustRun("The build", "turbo", ["run", "build", "--output-logs=errors-only"], {
    env: toolEnvironment(),
  });
  print(output.includes("FULL TURBO") ? "build is up to date" : "packages are built");
}
