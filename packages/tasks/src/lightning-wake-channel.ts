/** Redis channel on which the Lightning listener hears that a lift or land may have to be followed. A lost message costs its poll period. */
export const LIGHTNING_WAKE_CHANNEL = "arkrelay:wake:lightning";
