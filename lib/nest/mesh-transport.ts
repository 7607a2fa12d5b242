/** Name of the mesh of an application that has only one. */
export const DEFAULT_MESH = 'default';

/** Nest's transport id of a mesh: only its server takes the handlers that are declared for it. */
export function meshTransport(mesh: string = DEFAULT_MESH): symbol {
  return Symbol.for(`nestjs-mesh:transport:${mesh}`);
}
