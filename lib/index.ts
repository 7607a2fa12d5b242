export { MeshContext, type MeshContextInit, type Party } from './context/mesh-context.js';
export { Cancellation } from './context/cancellation.js';
export { MESH_CODE_TEXT, MeshCode } from './errors/mesh-code.js';
export { MeshError, type MeshErrorOptions } from './errors/mesh-error.js';
export { toMeshError } from './errors/from-unknown.js';
export {
  type DirectRule,
  type GrpcTransportOptions,
  type HttpTransportOptions,
  type TcpTransportOptions,
  type LimitOptions,
  MESH_OPTIONS,
  type MeshOptions,
  type ResolvedMeshOptions,
  type ResolvedStaticService,
  type RetryOptions,
  type SessionOptions,
  type StaticServiceOptions,
} from './options/mesh-options.js';
export type { DialTlsOptions } from './options/dial-options.js';
export type {
  ListenOptions,
  ListenTlsOptions,
  MountOptions,
  ResolvedListener,
  ResolvedListenTls,
  ResolvedMount,
  ServedArea,
} from './options/listen-options.js';
export type {
  NodeAdministrationOptions,
  NodeOptions,
  NodeRegistryOptions,
  NodeRoutesOptions,
  RegistryOptions,
  ResolvedNode,
  ResolvedNodeRegistry,
  ResolvedRegistry,
} from './options/node-options.js';
export type { PartnerOptions, ResolvedPartner } from './options/partner-options.js';
export type { PeerTransport } from './options/peer-transport.js';
export type { BuiltinOptions, ResolvedBuiltinOptions } from './options/builtin-options.js';
export { RunMode } from './protocol/run-mode.js';
export { MeshModule, type MeshFeatureOptions } from './mesh.module.js';
export type { MeshModuleExtras } from './mesh.module-definition.js';
export {
  MeshClientProxy,
  type MeshClientEvents,
  type MeshClientProxyOptions,
  type MeshClientStatus,
  type MeshPattern,
} from './mesh.client-proxy.js';
export { MeshConsumer } from './nest/mesh-consumer.decorator.js';
export { MeshProvider, type MeshProviderOptions } from './nest/mesh-provider.decorator.js';
export { MeshSession, type MeshSessionOptions, SessionStream } from './nest/passive/mesh-session.decorator.js';
export { meshMicroservice } from './nest/mesh-microservice.js';
export { MeshServer, type MeshServerEvents, type MeshServerStatus } from './nest/mesh-server.js';
export { DEFAULT_MESH, meshTransport } from './nest/mesh-transport.js';
export type { ConsumerOptions } from './nest/consumer-requests.js';
export {
  getConsumerToken,
  getMeshClientToken,
  getMeshOptionsToken,
  getMeshPartnersToken,
  getMeshRegistrationsToken,
  getMeshServerToken,
  getMeshSessionsToken,
} from './nest/tokens.js';
export {
  type MessagesOptions,
  type PushOptions,
  type PushToOptions,
  type SessionCallOptions,
} from './session/handle/mesh-session.js';
export { MeshSessions, type OpenOptions, type SessionNode } from './session/handle/mesh-sessions.js';
export type { ReceivedMessage } from './session/handle/received-message.js';
export { MeshPartners, type PartnerInit } from './node/partners/mesh-partners.js';
export {
  type PartnerRoute,
  type RouteChange,
  type RouteDetails,
  type RouteOrigin,
  RouteStatus,
} from './node/partners/partner-route.js';
export { MeshRegistrations } from './registry/mesh-registrations.js';
export type {
  RegisteredReference,
  RegisteredService,
  Registration,
  RegistrationKey,
  RegistrationKind,
} from './registry/registration.js';
export type { RegisteredProvider, RegistrationChange, Registrations } from './registry/registrations.js';
export type { CallTarget } from './registry/registry.js';
export type { CallOptions } from './rpc/consumer/call-options.js';
export { direct, directMany, type DirectedMany, type DirectedResult } from './rpc/consumer/direct.js';
export { MeshClient, type ServiceCallOptions } from './rpc/consumer/mesh-client.js';
export { MeshFacade, Mpi, type MpiDecorator, type MpiOptions } from './rpc/facade/facade.decorators.js';
export type { FacadeOptions } from './rpc/facade/facade.js';
export type { MeshService, MpiAnswer, MpiArgument, MpiParameters, MpiValue } from './rpc/facade/facade-types.js';
export {
  arg,
  bytes,
  fieldsOf,
  int64,
  listOf,
  Wire,
  WireArgument,
  WireType,
  wireTypeOf,
} from './rpc/facade/wire-type.js';
export type { StandardSchema } from './rpc/facade/standard-schema.js';
