import { Logger } from '@nestjs/common';
import { RateLimit } from './rate-limit.js';

/** Refusals logged at once, and after so many ms one more: strangers could fill a disk with them. */
const REFUSALS = 20;
const REFUSAL_EVERY_MS = 10_000;

/**
 * Logs what becomes of the administration of partners: which node, and who did it. Nothing that a caller could put lines into
 * or that is secret: ids of nodes have been checked, and a caller is its address.
 */
export class Journal {
  private readonly logger = new Logger('MeshAdministration');
  private readonly refusals = new RateLimit(REFUSALS, REFUSAL_EVERY_MS);

  /** @param by address of the caller */
  changed(what: string, by: string): void {
    this.logger.log(`${what}, by ${by}`);
  }

  refused(what: string, by: string): void {
    if (this.refusals.take()) this.logger.warn(`refused: ${what}, by ${by}`);
  }
}
