/** A wire type, as far as it says what stands on the wire. */
export interface DescribedWire {
  readonly shape:
    | { readonly kind: 'bytes' }
    | { readonly kind: 'int64' }
    | { readonly kind: 'list'; readonly of: DescribedWire }
    | { readonly kind: 'fields'; readonly of: Readonly<Record<string, DescribedWire>> };
}

/** A Standard Schema; one that follows Standard JSON Schema as well can say what it accepts. */
export interface DescribedSchema {
  readonly '~standard': {
    readonly vendor: string;
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>;
    };
  };
}

/** What is known of a service without calling it: what its facade declares. */
export interface DescribedService {
  /** Name of the service, such as `mesh.trust.apply`. */
  readonly service: string;
  /** Names of the arguments; absent where they are the fields of one object. */
  readonly names?: readonly string[] | undefined;
  /** Wire types of the arguments, by name. */
  readonly wire?: DescribedWire | undefined;
  /** Class of the one object. */
  readonly dto?: (new (...args: never[]) => object) | undefined;
  /** Standard Schema of the one object. */
  readonly schema?: DescribedSchema | undefined;
  /** Wire type of the answer. */
  readonly returns?: DescribedWire | undefined;
  /** Deadline of a call whose caller states none, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Whether calls may be repeated although they may have arrived. */
  readonly idempotent?: boolean | undefined;
}
