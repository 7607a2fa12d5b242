import {
  type BeforeApplicationShutdown,
  type DynamicModule,
  Module,
  Optional,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { DiscoveryModule, HttpAdapterHost } from '@nestjs/core';
import { ConfigurableModuleClass, featureClientToken, type OPTIONS_TYPE } from './mesh.module-definition.js';
import { MeshRuntime } from './mesh.runtime.js';
import { consumerRequests } from './nest/consumer-requests.js';
import { DEFAULT_MESH } from './nest/mesh-transport.js';
import type { MeshClient } from './rpc/consumer/mesh-client.js';
import { readFacade } from './rpc/facade/facade.js';

/** What `MeshModule.forFeature` takes beside the facades. */
export interface MeshFeatureOptions {
  /** Name of the mesh to call through, in an application with several. Default: the default mesh. */
  mesh?: string;
}

/**
 * Makes a Nest application a member of a mesh.
 *
 * `forRoot` and `forRootAsync` set up one mesh: its server (`MeshServer`), its client (`MeshClient`), its extensions.
 * `forFeature` provides the clients of facades to the module that imports it.
 *
 * @throws MeshError E0000000400, when the application starts, naming the option or class that is wrong
 */
@Module({ imports: [DiscoveryModule] })
export class MeshModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown
{
  constructor(
    private readonly runtime: MeshRuntime,
    @Optional() host?: HttpAdapterHost,
  ) {
    super();
    // Not in onModuleInit: the microservices of a hybrid application may listen before that is called.
    runtime.settle(this, host?.httpAdapter);
  }

  /** Sets up a mesh. Without options it is what the environment says. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Provides clients of facades: the plain one under the facade's class, and those that `@MeshConsumer` asks for.
   *
   * @param facades classes marked with `@MeshFacade`
   * @param options the mesh to call through, in an application with several
   * @throws MeshError E0000000400 when a class is no facade
   */
  static forFeature(facades: readonly Type[], { mesh = DEFAULT_MESH }: MeshFeatureOptions = {}): DynamicModule {
    for (const facade of facades) readFacade(facade);
    const requests = () =>
      facades.flatMap((facade) => consumerRequests(facade, mesh).map((request) => ({ facade, request })));
    return {
      module: MeshFeatureModule,
      // Read when the application is scanned: by then every class has said which clients it wants.
      get providers() {
        return requests().map(({ facade, request }) => ({
          provide: request.token,
          useFactory: (client: MeshClient) => client.facade(facade, request.options),
          inject: [featureClientToken(mesh)],
        }));
      },
      get exports() {
        return requests().map(({ request }) => request.token);
      },
    };
  }

  onModuleInit(): void {
    this.runtime.start();
  }

  onModuleDestroy(): void {
    this.runtime.leave();
  }

  /** Before Nest closes its HTTP server, which waits for the requests under way. */
  beforeApplicationShutdown(): Promise<void> {
    return this.runtime.unmount();
  }

  onApplicationShutdown(): Promise<void> {
    return this.runtime.close();
  }
}

/** Holds the clients of one `MeshModule.forFeature`. @internal */
@Module({})
export class MeshFeatureModule {}
