import type { Type } from '@nestjs/common';
import { RoundRobinBalancer } from './balance/round-robin/round-robin-balancer.js';
import { JsonCodec } from './codec/json/json-codec.js';
import { StaticRegistry } from './registry/static/static-registry.js';
import { BackoffRetryPolicy } from './resilience/backoff/backoff-retry-policy.js';
import { SubsetRouter } from './routing/subset/subset-router.js';
import { GrpcTransport } from './transport/grpc/grpc-transport.js';

/** Every implementation that comes with the package: the only list that names them. */
export const BUILTIN_EXTENSIONS: readonly Type[] = [
  JsonCodec,
  GrpcTransport,
  StaticRegistry,
  SubsetRouter,
  RoundRobinBalancer,
  BackoffRetryPolicy,
];
