/** The only source of time in core. Tests advance it by hand. */
export interface Clock {
  now(): Date;
}
