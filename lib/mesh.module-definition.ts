import { ConfigurableModuleBuilder, type DynamicModule, Module, type Provider } from '@nestjs/common';
import { APP_FILTER, ApplicationConfig, DiscoveryService, HttpAdapterHost } from '@nestjs/core';
import { BUILTIN_EXTENSIONS } from './builtins.js';
import { MeshContext } from './context/mesh-context.js';
import { currentContextView } from './nest/current-context.js';
import type { NestParts } from './nest/direct-call.js';
import { FailureObserver } from './nest/failure-observer.js';
import { MeshServer } from './nest/mesh-server.js';
import { DEFAULT_MESH } from './nest/mesh-transport.js';
import {
  getMeshClientToken,
  getMeshOptionsToken,
  getMeshPartnersToken,
  getMeshRegistrationsToken,
  getMeshServerToken,
  getMeshSessionsToken,
} from './nest/tokens.js';
import { MeshPartners } from './node/partners/mesh-partners.js';
import { MESH_OPTIONS, type MeshOptions, type ResolvedMeshOptions } from './options/mesh-options.js';
import { resolveMeshOptions } from './options/resolve-options.js';
import { MeshRegistrations } from './registry/mesh-registrations.js';
import { MeshSessions } from './session/handle/mesh-sessions.js';
import { MeshClient } from './rpc/consumer/mesh-client.js';
import { MeshRuntime } from './mesh.runtime.js';

/** What `forRoot` and `forRootAsync` take beside the options of the mesh. */
export interface MeshModuleExtras {
  /** Name of this mesh, in an application with several. Default: the default mesh. */
  mesh?: string;
  /**
   * Whether `MeshClient`, `MeshServer` and `MeshContext` are visible in every module. Default `true`; when `false`, only in
   * modules that import what `forRoot` returned. `forFeature` works everywhere, either way.
   */
  isGlobal?: boolean;
}

const extras: MeshModuleExtras = { mesh: DEFAULT_MESH, isGlobal: true };

/** @internal */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<MeshOptions>({ moduleName: 'Mesh' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createMeshOptions')
    .setExtras(extras, (definition, { mesh = DEFAULT_MESH, isGlobal = true }): DynamicModule => {
      const shared = sharedProviders(mesh);
      const home = {
        ...definition,
        global: isGlobal,
        providers: [...(definition.providers ?? []), ...ownProviders(mesh), ...shared],
        exports: [...(definition.exports ?? []), ...shared.map(tokenOf)],
      };
      return isGlobal ? home : { module: MeshScopeModule, imports: [home, featureDoor(home, mesh)], exports: [home] };
    })
    .build();

/** Stands around a mesh that is not global, for those who import it. @internal */
@Module({})
export class MeshScopeModule {}

/** Shows a mesh that is not global to the modules of `forFeature`, and nothing else of it. @internal */
@Module({})
export class MeshFeatureDoorModule {}

function featureDoor(home: DynamicModule, mesh: string): DynamicModule {
  const door = { provide: featureClientToken(mesh), useExisting: getMeshClientToken(mesh) };
  return { module: MeshFeatureDoorModule, global: true, imports: [home], providers: [door], exports: [door.provide] };
}

/** Token by which the modules of `forFeature` find the client of a mesh, be it global or not. @internal */
export function featureClientToken(mesh: string): string {
  return `MeshFeatureClient:${mesh}`;
}

/** What only the module itself sees: every mesh has its own under the same tokens. */
function ownProviders(mesh: string): Provider[] {
  return [
    ...BUILTIN_EXTENSIONS,
    ...(mesh === DEFAULT_MESH
      ? []
      : [
          { provide: MESH_OPTIONS, useExisting: getMeshOptionsToken(mesh) },
          { provide: MeshRegistrations, useExisting: getMeshRegistrationsToken(mesh) },
        ]),
    {
      provide: MeshRuntime,
      useFactory: (options: ResolvedMeshOptions, discovery: DiscoveryService) =>
        new MeshRuntime(mesh, options, discovery),
      inject: [MESH_OPTIONS, DiscoveryService],
    },
    { provide: APP_FILTER, useClass: FailureObserver },
  ];
}

/** What other modules see, under the tokens of the mesh. */
function sharedProviders(mesh: string): Exclude<Provider, Function>[] {
  return [
    { provide: featureClientToken(mesh), useExisting: getMeshClientToken(mesh) },
    { provide: MeshContext, useFactory: currentContextView },
    {
      provide: getMeshOptionsToken(mesh),
      useFactory: (options: MeshOptions) => resolveMeshOptions(options),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    {
      provide: getMeshClientToken(mesh),
      useFactory: (runtime: MeshRuntime, options: ResolvedMeshOptions) =>
        new MeshClient(() => runtime.invoker, options),
      inject: [MeshRuntime, MESH_OPTIONS],
    },
    {
      provide: getMeshSessionsToken(mesh),
      useFactory: (runtime: MeshRuntime, options: ResolvedMeshOptions) =>
        new MeshSessions({
          own: options,
          maxMessageBytes: options.limits.maxMessageBytes,
          local: () => runtime.sessions.local,
          remote: (node) => runtime.sessions.remote(node),
        }),
      inject: [MeshRuntime, MESH_OPTIONS],
    },
    {
      provide: getMeshRegistrationsToken(mesh),
      useFactory: (runtime: MeshRuntime) => new MeshRegistrations(() => runtime.registry.registrations),
      inject: [MeshRuntime],
    },
    {
      provide: getMeshPartnersToken(mesh),
      useFactory: (runtime: MeshRuntime) => new MeshPartners(() => runtime.partners),
      inject: [MeshRuntime],
    },
    {
      provide: getMeshServerToken(mesh),
      useFactory: (
        runtime: MeshRuntime,
        options: ResolvedMeshOptions,
        discovery: DiscoveryService,
        config: ApplicationConfig,
        host?: HttpAdapterHost,
      ) => {
        const server = new MeshServer({
          mesh,
          options,
          services: runtime.services,
          handlers: runtime.handlers,
          nest: nestParts(discovery, config, host),
          doors: () => runtime.doors(),
          listening: (listeners) => runtime.listening(listeners),
          endWaits: () => runtime.endWaits(),
          endStreams: () => runtime.endStreams(),
          depart: () => runtime.depart(),
        });
        server.on('listening', () => runtime.arrive());
        return server;
      },
      inject: [
        MeshRuntime,
        MESH_OPTIONS,
        DiscoveryService,
        ApplicationConfig,
        { token: HttpAdapterHost, optional: true },
      ],
    },
  ];
}

/** Of an application with HTTP, each microservice may have globals of its own, and does not tell which. */
function nestParts(
  discovery: DiscoveryService,
  config: ApplicationConfig,
  host: HttpAdapterHost | undefined,
): NestParts {
  return {
    get config() {
      return host?.httpAdapter ? undefined : config;
    },
    controllers: (type) => discovery.getControllers().filter(({ metatype }) => metatype === type),
  };
}

function tokenOf(provider: Exclude<Provider, Function>) {
  return provider.provide;
}
