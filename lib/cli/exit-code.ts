/** How `mesh-node` ends, as the shell sees it. */
export const ExitCode = {
  /** It ended well: after a signal, or after having printed what it was asked for. */
  ENDED: 0,
  /** It failed while it ran or ended, or was told twice to end. */
  FAILED: 1,
  /** A flag, a variable, the file or what they say is wrong. */
  WRONG: 2,
  /** It cannot listen: the port is in use, say. */
  CANNOT_LISTEN: 3,
} as const;
