/** Redis channel on which workers tell that a session moved; the message is its id. A lost one costs half a second. */
export const SESSION_WAKE_CHANNEL = "arkrelay:wake:session";
