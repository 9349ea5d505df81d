/** What threads note in a pool's byte of the memory that they share: it is asked for, without a message each time. */
export const USE_MARK = {
  /** Nobody has asked since the main thread looked. */
  NONE: 0,
  /** Somebody has. */
  ASKED: 1,
  /** Nobody has for long: the main thread is told of the next question. */
  AWAITED: 2,
} as const;
