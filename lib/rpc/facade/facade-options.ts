import { milliseconds, wholeNumber, yesOrNo } from '../../options/checks.js';
import { readObject, type OptionReader } from '../../options/option-reader.js';
import { Problems } from '../../options/problems.js';
import type { FacadeOptions } from './facade.js';

/**
 * Checks the options of `@MeshFacade` or `@Mpi`.
 *
 * @param where the class or method that they stand at, for the error
 * @param others names of options that are allowed beside those of a facade
 * @throws MeshError E0000000400 that names the option
 */
export function checkFacadeOptions(options: FacadeOptions, where: string, others: readonly string[] = []): void {
  const problems = new Problems();
  readObject(where, options, problems, (reader: OptionReader) => {
    reader.takeOptional('timeoutMs', milliseconds(1));
    reader.takeOptional('retries', wholeNumber(0, 100));
    reader.takeOptional('idempotent', yesOrNo);
    for (const other of others) reader.raw(other);
  });
  problems.throwIfAny();
}
