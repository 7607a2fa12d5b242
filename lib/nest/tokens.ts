import type { InjectionToken, Type } from '@nestjs/common';
import { MeshSessions } from '../session/handle/mesh-sessions.js';
import { MeshPartners } from '../node/partners/mesh-partners.js';
import { MeshRegistrations } from '../registry/mesh-registrations.js';
import { MeshClient } from '../rpc/consumer/mesh-client.js';
import { MESH_OPTIONS } from '../options/mesh-options.js';
import { MeshServer } from './mesh-server.js';
import { requestConsumer, type ConsumerOptions } from './consumer-requests.js';

/** Name of the mesh of an application that has only one. */
export { DEFAULT_MESH } from './mesh-transport.js';
import { DEFAULT_MESH } from './mesh-transport.js';

/** Token of the resolved options of a mesh. */
export function getMeshOptionsToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MESH_OPTIONS : `MeshOptions:${mesh}`;
}

/** Token of the `MeshClient` of a mesh; for the default mesh the class itself. */
export function getMeshClientToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MeshClient : `MeshClient:${mesh}`;
}

/** Token of the `MeshServer` of a mesh; for the default mesh the class itself. */
export function getMeshServerToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MeshServer : `MeshServer:${mesh}`;
}

/** Token of the `MeshSessions` of a mesh; for the default mesh the class itself. */
export function getMeshSessionsToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MeshSessions : `MeshSessions:${mesh}`;
}

/** Token of the `MeshRegistrations` of a mesh; for the default mesh the class itself. */
export function getMeshRegistrationsToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MeshRegistrations : `MeshRegistrations:${mesh}`;
}

/** Token of the `MeshPartners` of a mesh; for the default mesh the class itself. */
export function getMeshPartnersToken(mesh: string = DEFAULT_MESH): InjectionToken {
  return mesh === DEFAULT_MESH ? MeshPartners : `MeshPartners:${mesh}`;
}

/** Token of a facade's client; without options the facade class itself, so that tests override it like any provider. */
export function getConsumerToken(facade: Type, options: ConsumerOptions = {}): InjectionToken {
  return requestConsumer(facade, options);
}
