/** The option of every script that needs to know which stack is meant. */
export const STATE_DIR = {
  options: { "state-dir": { type: "string", default: ".local" } },
  help: "  --state-dir DIR   where the stack keeps everything (default .local)",
};

/** Usage of a script that has no other option. */
export function stackUsage(command, sentence) {
  return {
    help: `${command} -- [options]\n\n${sentence}\n\n${STATE_DIR.help}\n  --help            this text`,
    options: STATE_DIR.options,
  };
}
