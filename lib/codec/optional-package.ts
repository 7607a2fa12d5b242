import { createRequire } from 'node:module';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';

/**
 * Loads a package that only those install who need it, when it is needed.
 *
 * @param name of the package, for the message
 * @param format what needs it
 * @param load calls the `require` that it is given
 * @throws MeshError E0000000616 when it is not installed; the message names it
 */
export function loadOptional<T>(name: string, format: string, load: (require: (name: string) => unknown) => T): T {
  try {
    return load(createRequire(import.meta.url));
  } catch (error) {
    const message = `${format} needs the package '${name}': install it with 'npm install ${name}'`;
    throw new MeshError(MeshCode.ENCODING, message, { cause: error });
  }
}
