import { DiscoveryService } from '@nestjs/core';
import { STATIC_CONTEXT } from '@nestjs/core/internal';
import { MeshCode } from '../errors/mesh-code.js';
import { MeshError } from '../errors/mesh-error.js';
import { ExtensionMarks } from './extension.decorator.js';
import type { ExtensionEntry } from './extension-registry.js';

/**
 * Finds the implementations that serve one mesh among the providers of the application.
 *
 * @param discovery Nest's discovery service
 * @param mesh name of the mesh
 * @param builtins the classes that come with the package
 * @param home the module instance of this mesh: only its own copies of the built-in classes are taken
 * @throws MeshError E0000000400 when one is not a singleton, for then there is nothing to call yet, or when Nest has not made
 * it yet
 */
export function* discoverExtensions(
  discovery: DiscoveryService,
  mesh: string,
  builtins: ReadonlySet<unknown>,
  home: object,
): Generator<ExtensionEntry> {
  const seen = new Set<unknown>();
  for (const wrapper of discovery.getProviders({ metadataKey: ExtensionMarks.KEY })) {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null || seen.has(instance)) continue;
    if (wrapper.isTransient || !wrapper.isDependencyTreeStatic()) throw notSingle(wrapper.name);
    if (!wrapper.getInstanceByContextId(STATIC_CONTEXT).isResolved) throw notYet(wrapper.name);
    const builtin = builtins.has(wrapper.metatype);
    if (builtin && wrapper.host?.instance !== home) continue;
    seen.add(instance);
    for (const mark of discovery.getMetadataByDecorator(ExtensionMarks, wrapper) ?? []) {
      if (mark.mesh !== undefined && mark.mesh !== mesh) continue;
      yield { family: mark.family, name: mark.name, priority: mark.priority ?? 0, builtin, instance };
    }
  }
}

function notSingle(name: string): MeshError {
  const message = `the extension ${name} must be a singleton, but it is transient, or request-scoped by itself or by what it injects`;
  return new MeshError(MeshCode.INVALID_REQUEST, message);
}

function notYet(name: string): MeshError {
  const message = `the extension ${name} is not made yet: use the mesh from onModuleInit or later, not from a constructor`;
  return new MeshError(MeshCode.INVALID_REQUEST, message);
}
