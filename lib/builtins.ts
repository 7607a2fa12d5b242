import type { Type } from '@nestjs/common';
import { RoundRobinBalancer } from './balance/round-robin/round-robin-balancer.js';
import { FormCodec } from './codec/form/form-codec.js';
import { JsonCodec } from './codec/json/json-codec.js';
import { MsgpackCodec } from './codec/msgpack/msgpack-codec.js';
import { TomlCodec } from './codec/toml/toml-codec.js';
import { XmlCodec } from './codec/xml/xml-codec.js';
import { YamlCodec } from './codec/yaml/yaml-codec.js';
import { FateDialect } from './protocol/dialects/fate/fate-dialect.js';
import { MeshDialect } from './protocol/dialects/mesh/mesh-dialect.js';
import { StandardDialect } from './protocol/dialects/standard/standard-dialect.js';
import { YaclDialect } from './protocol/dialects/yacl/yacl-dialect.js';
import { MemoryRegistrations } from './registry/memory/memory-registrations.js';
import { RegisteredRegistry } from './registry/registered/registered-registry.js';
import { StaticRegistry } from './registry/static/static-registry.js';
import { BackoffRetryPolicy } from './resilience/backoff/backoff-retry-policy.js';
import { SubsetRouter } from './routing/subset/subset-router.js';
import { MemorySessionStore } from './session/memory/memory-session-store.js';
import { AutoTransport } from './transport/auto/auto-transport.js';
import { GrpcTransport } from './transport/grpc/grpc-transport.js';
import { HttpTransport } from './transport/http/http-transport.js';
import { TcpTransport } from './transport/tcp/tcp-transport.js';

/** Every implementation that comes with the package: the only list that names them. */
export const BUILTIN_EXTENSIONS: readonly Type[] = [
  JsonCodec,
  MsgpackCodec,
  XmlCodec,
  YamlCodec,
  TomlCodec,
  FormCodec,
  AutoTransport,
  GrpcTransport,
  HttpTransport,
  TcpTransport,
  StaticRegistry,
  RegisteredRegistry,
  MemoryRegistrations,
  SubsetRouter,
  RoundRobinBalancer,
  BackoffRetryPolicy,
  MemorySessionStore,
  StandardDialect,
  MeshDialect,
  FateDialect,
  YaclDialect,
];
