/** A reason to stop that the reader can act on: it is printed as it is, without a stack trace. */
export class StopWithSentence extends Error {
  /** @param {string} sentence @param {number} exitCode sysexits: 69 = something is missing, 70 = ours, 75 = try again */
  constructor(sentence, exitCode = 1) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
