export { BALANCER, type Balancer, type CallOutcome, type Pick } from './balance/balancer.js';
export { CODEC, type Codec } from './codec/codec.js';
export { MeshExtension, type ExtensionOptions } from './kernel/extension.decorator.js';
export { defineFamily, ExtensionFamily } from './kernel/extension-family.js';
export { ExtensionRegistry, type ExtensionEntry } from './kernel/extension-registry.js';
export {
  type Middleware,
  MIDDLEWARE,
  type MiddlewareScope,
  type PassingCall,
  type PassingHead,
  type PassingNext,
  type PassingPassage,
  type PassingRequest,
  type PassingResponse,
  type PassingStream,
} from './node/middleware/middleware.js';
export {
  type CallTarget,
  EVERY_SUBSET,
  type Instance,
  REGISTRY,
  type Registry,
  type ServiceQuery,
} from './registry/registry.js';
export type {
  RegisteredReference,
  RegisteredService,
  Registration,
  RegistrationKey,
  RegistrationKind,
} from './registry/registration.js';
export {
  type RegisteredProvider,
  type RegistrationChange,
  REGISTRATIONS,
  type Registrations,
} from './registry/registrations.js';
export {
  type Dialect,
  DIALECT,
  type FieldFormat,
  type FieldFormats,
  type RawAnswer,
  type RawRequest,
} from './protocol/dialect.js';
export type { SessionAnswer, SessionOperation, SessionParties, SessionRequest } from './protocol/session-call.js';
export { type FailedAttempt, RETRY_POLICY, type RetryPolicy } from './resilience/retry-policy.js';
export { MESH_OPTIONS, type ResolvedMeshOptions } from './options/mesh-options.js';
export { ROUTER, type Router } from './routing/router.js';
export {
  type CallFilter,
  type CallNext,
  CONSUMER_FILTER,
  type ConsumerCall,
  type ConsumerFilter,
  PROVIDER_FILTER,
  type ProviderCall,
  type ProviderFilter,
} from './rpc/call-filter.js';
export type { TimeLimits, Unsent } from './context/time-limits.js';
export {
  type Acceptor,
  type BodyLifetime,
  type CallAnswer,
  type CallHandler,
  type CallOwner,
  type CallRefusal,
  type Connection,
  type DuplexStream,
  type Endpoint,
  type GreetedPeer,
  type InboundAnswer,
  type InboundCall,
  type InboundHead,
  type InboundStream,
  type ListenAt,
  type Listener,
  type MessageStream,
  type OutboundCall,
  type OutboundHead,
  type ServiceAdmission,
  type StreamEndpoint,
  type StreamHandler,
  type Transport,
  TRANSPORT,
  type WireHeaders,
} from './transport/transport.js';
export {
  type Delivery,
  type QueueKey,
  SESSION_STORE,
  type SessionMessage,
  type SessionStore,
  type StoreStats,
  type StoreWait,
} from './session/store.js';
