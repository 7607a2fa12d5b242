/**
 * A kind of thing that can be replaced: its name, and the implementation used when nobody chooses another.
 * `T` is the contract that every implementation fulfils.
 */
export class ExtensionFamily<T> {
  /** Carries the contract in the type only. */
  declare protected readonly contract: T;

  constructor(
    /** Name of the family, as used in `MeshOptions.use`. */
    readonly name: string,
    /** Name of the implementation used when no other is chosen or outranks it. Absent for families used all together, in order. */
    readonly defaultName?: string,
  ) {}
}

/**
 * Declares a family.
 *
 * @example
 * export const BALANCER = defineFamily<Balancer>('balancer', 'round-robin');
 */
export function defineFamily<T>(name: string, defaultName?: string): ExtensionFamily<T> {
  return new ExtensionFamily<T>(name, defaultName);
}
