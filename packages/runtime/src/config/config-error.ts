/** Every problem at once, one sentence each, none with a value in it. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration has ${problems.length} problem(s):\n${problems.join("\n")}`);
    this.name = "ConfigError";
  }
}
