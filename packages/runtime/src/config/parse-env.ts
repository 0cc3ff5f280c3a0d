import { accessSync, constants, readFileSync, statSync } from "node:fs";

import { z } from "zod";

import { ConfigError } from "./config-error";
import { isFilePath, isSecret, keepsEmpty } from "./env-types";
import { findUnknownVariables } from "./known-variables";
import { parseMode, valueOf, type Environment, type Mode } from "./mode";

/** One topic of the configuration: its variables, its rules, and the value the app gets. */
export interface ConfigSection<Shape extends z.ZodRawShape, Config> {
  readonly variables: Shape;
  /** Refused in production when unset. */
  readonly requiredInProduction?: readonly (keyof Shape & string)[];
  /** Rules over several variables or the mode; each problem is one sentence that starts with the variable's name. */
  check?(values: z.output<z.ZodObject<Shape>>, mode: Mode): readonly string[];
  build(values: z.output<z.ZodObject<Shape>>, mode: Mode): Config;
}

/** Infers the shape of one section. */
export function defineSection<Shape extends z.ZodRawShape, Config>(
  section: ConfigSection<Shape, Config>,
): ConfigSection<Shape, Config> {
  return section;
}

/** What a section builds: `SectionConfig<typeof databaseSection>`. */
export type SectionConfig<S> = S extends { build(values: never, mode: Mode): infer Config } ? Config : never;

// A section's own types are checked by defineSection; here only "some section" is needed.
interface AnySection {
  readonly variables: z.ZodRawShape;
  readonly requiredInProduction?: readonly string[];
  check?(values: never, mode: Mode): readonly string[];
  build(values: never, mode: Mode): unknown;
}

export type ParsedConfig<Sections> = { readonly [Name in keyof Sections]: SectionConfig<Sections[Name]> } & {
  readonly mode: Mode;
  /** To be logged once a logger is open. */
  readonly warnings: readonly string[];
};

/**
 * Parses the sections an app composes. Empty means unset; `NAME_FILE` replaces `NAME` for secrets; unknown variables with one
 * of our prefixes are warned about. Throws a ConfigError that lists every problem.
 */
export function parseEnv<Sections extends Readonly<Record<string, AnySection>>>(
  env: Environment,
  sections: Sections,
): ParsedConfig<Sections> {
  const problems: string[] = [];
  const warnings = findUnknownVariables(env);
  const mode = parseMode(env, problems);
  const config: Record<string, unknown> = {};
  // Sections may share a variable; its problem is listed once.
  for (const [name, section] of Object.entries(sections))
    config[name] = parseSection(section, env, mode, problems, warnings);
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return { ...config, mode, warnings: [...new Set(warnings)] } as ParsedConfig<Sections>;
}

function parseSection(
  section: AnySection,
  env: Environment,
  mode: Mode,
  problems: string[],
  warnings: string[],
): unknown {
  const raw: Record<string, string> = {};
  for (const [name, schema] of Object.entries(section.variables)) {
    const value = readVariable(name, schema, env, mode, problems, warnings);
    if (value !== undefined) raw[name] = value;
  }
  const missing = (section.requiredInProduction ?? []).filter((name) => mode.isProduction && raw[name] === undefined);
  for (const name of missing) {
    // What is wrong with a file that was named has been said already.
    if (valueOf(env, `${name}_FILE`) === undefined) problems.push(`${name}: required in production`);
  }
  const parsed = z.object(section.variables).safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join(".")}: ${issue.message}`);
    return undefined;
  }
  // The section's own types were checked where it was defined.
  const values = parsed.data as never;
  // A required variable that is missing has been named; what its default would break is not news.
  const found = section.check?.(values, mode) ?? [];
  const broken = found.filter((problem) => !missing.some((name) => problem.startsWith(`${name}:`)));
  problems.push(...broken);
  return broken.length > 0 || missing.length > 0 ? undefined : section.build(values, mode);
}

function readVariable(
  name: string,
  schema: z.core.$ZodType,
  env: Environment,
  mode: Mode,
  problems: string[],
  warnings: string[],
): string | undefined {
  if (isSecret(schema)) return readSecret(name, env, mode, problems, warnings);
  if (isFilePath(schema)) return readFilePath(name, env, problems);
  return keepsEmpty(schema) ? env[name] : valueOf(env, name);
}

function readFilePath(name: string, env: Environment, problems: string[]): string | undefined {
  const aliases = [name, `${name}_FILE`].filter((alias) => valueOf(env, alias) !== undefined);
  const [alias, second] = aliases;
  if (alias === undefined) return undefined;
  if (second !== undefined) problems.push(`${name}: set together with ${second}; keep one of them`);
  const file = valueOf(env, alias) ?? "";
  try {
    accessSync(file, constants.R_OK);
  } catch {
    problems.push(`${alias}: the file cannot be read`);
  }
  return file;
}

function readSecret(
  name: string,
  env: Environment,
  mode: Mode,
  problems: string[],
  warnings: string[],
): string | undefined {
  const value = valueOf(env, name);
  const file = valueOf(env, `${name}_FILE`);
  if (file === undefined) return value;
  if (value !== undefined) {
    problems.push(`${name}: set together with ${name}_FILE; keep one of them`);
    return undefined;
  }
  try {
    // 0o004: readable by others.
    if ((statSync(file).mode & 0o004) !== 0) {
      (mode.isProduction ? problems : warnings).push(`${name}_FILE: the file is readable by others; chmod o-r it`);
    }
    const content = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    return content === "" ? undefined : content;
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}
