/** The wall clock, for core's Clock port. */
export const systemClock = {
  now(): Date {
    return new Date();
  },
};
